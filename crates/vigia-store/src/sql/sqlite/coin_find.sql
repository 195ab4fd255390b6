-- Known coins of the types in $1, a JSON array.
SELECT coin_type, decimals, symbol, name, icon_url
FROM coin
WHERE known = 1 AND coin_type IN (SELECT value FROM json_each($1))
