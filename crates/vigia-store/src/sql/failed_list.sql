SELECT checkpoint, tx_index, digest, timestamp_ms, processing_error
FROM raw_transaction
WHERE processing_error IS NOT NULL AND discarded_at_ms IS NULL AND (checkpoint, tx_index) > ($1, $2)
ORDER BY checkpoint, tx_index
LIMIT $3
