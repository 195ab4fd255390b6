-- When the first thing happened that anybody was told of at a checkpoint or after it: activities outlive raw transactions.
SELECT timestamp_ms FROM activity WHERE checkpoint >= $1 ORDER BY checkpoint, tx_index LIMIT 1
