INSERT INTO coin (coin_type, known, decimals, symbol, name, icon_url)
VALUES ($1, 1, $2, $3, $4, $5)
ON CONFLICT (coin_type) DO UPDATE
SET known = 1, decimals = excluded.decimals, symbol = excluded.symbol, name = excluded.name,
    icon_url = excluded.icon_url
