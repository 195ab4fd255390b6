DELETE FROM raw_transaction
WHERE (checkpoint, tx_index) IN (
    SELECT checkpoint, tx_index
    FROM raw_transaction
    WHERE checkpoint < $1 AND processing_error IS NULL
    ORDER BY checkpoint, tx_index
    LIMIT $2
)
