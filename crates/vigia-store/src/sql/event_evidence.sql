-- The newest ones first, so that however long ago $1 is, no more than $2 are read.
SELECT newest.events_bcs
FROM (
    SELECT checkpoint, tx_index, timestamp_ms, events_bcs
    FROM raw_transaction
    ORDER BY checkpoint DESC, tx_index DESC
    LIMIT $2
) newest
WHERE newest.timestamp_ms >= $1
