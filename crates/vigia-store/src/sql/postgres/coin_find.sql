-- Known coins of the types in $1.
SELECT coin_type, decimals, symbol, name, icon_url
FROM coin
WHERE known = 1 AND coin_type = ANY($1)
