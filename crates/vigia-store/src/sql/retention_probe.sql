-- The first stored transaction from a checkpoint on.
SELECT checkpoint, timestamp_ms FROM raw_transaction
WHERE checkpoint >= $1
ORDER BY checkpoint, tx_index
LIMIT 1
