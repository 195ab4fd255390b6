INSERT INTO coin (coin_type, known, decimals, symbol, name)
VALUES ($1, 1, $2, $3, $4)
ON CONFLICT (coin_type) DO UPDATE
SET known = 1, decimals = excluded.decimals, symbol = excluded.symbol, name = excluded.name
