-- $3 is why it failed again; null where it did not.
UPDATE raw_transaction
SET processing_error = $3
WHERE checkpoint = $1 AND tx_index = $2 AND processing_error IS NOT NULL
RETURNING discarded_at_ms
