INSERT INTO coin (coin_type, known, decimals, symbol, name)
VALUES ($1, 0, NULL, '', '')
ON CONFLICT (coin_type) DO NOTHING
