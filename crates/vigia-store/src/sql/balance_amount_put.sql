INSERT INTO balance_amount (address, coin_type, amount, difference)
VALUES ($1, $2, $3, $4)
ON CONFLICT (address, coin_type) DO UPDATE SET
    amount = excluded.amount, difference = excluded.difference
