INSERT INTO balance_adjustment (address, coin_type, amount, checkpoint, at_ms, author, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
