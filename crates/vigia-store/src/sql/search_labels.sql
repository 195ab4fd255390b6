SELECT address, name, kind
FROM label
WHERE lower(name) >= $1 AND lower(name) < $2
ORDER BY lower(name), address
LIMIT $3
