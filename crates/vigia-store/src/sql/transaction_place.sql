-- $2 are the first bytes of digest $1. Activities outlive raw transactions.
SELECT checkpoint, tx_index FROM raw_transaction WHERE digest = $1
UNION ALL
SELECT checkpoint, tx_index FROM activity WHERE substr(digest, 1, 8) = $2 AND digest = $1
LIMIT 1
