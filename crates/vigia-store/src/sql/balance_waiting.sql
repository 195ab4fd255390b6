SELECT address FROM balance_address
WHERE state = 'waiting' AND retry_at_ms <= $1
ORDER BY retry_at_ms, address
LIMIT $2
