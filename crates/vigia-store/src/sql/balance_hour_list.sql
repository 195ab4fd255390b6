-- The newest first, so that no more than $4 are read.
SELECT hour, amount
FROM balance_hour
WHERE address = $1 AND coin_type = $2 AND hour >= $3
ORDER BY hour DESC
LIMIT $4
