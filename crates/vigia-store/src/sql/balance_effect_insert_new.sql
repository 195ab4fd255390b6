INSERT INTO balance_effect (checkpoint, tx_index, address, coin_type, amount)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING checkpoint, tx_index, address, coin_type, amount
