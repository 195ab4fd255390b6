SELECT coin_type, decimals, symbol, name, icon_url
FROM coin
WHERE known = 1 AND coin_type > $1
ORDER BY coin_type
LIMIT $2
