UPDATE raw_transaction
SET discarded_at_ms = $2
WHERE digest = $1 AND processing_error IS NOT NULL AND discarded_at_ms IS NULL
