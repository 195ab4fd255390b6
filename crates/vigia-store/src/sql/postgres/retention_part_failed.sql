-- Whether a part still holds transactions that could not be interpreted.
SELECT 1::bigint AS there
FROM raw_transaction
WHERE checkpoint >= $1 AND checkpoint < $2 AND processing_error IS NOT NULL
LIMIT 1
