-- $3 are the first bytes of digest $1. For whom transaction_visible lets, which goes on from here. All
-- activities of a transaction have one place and time.
SELECT t.checkpoint, t.tx_index, t.timestamp_ms
FROM activity t
WHERE substr(t.digest, 1, 8) = $3 AND t.digest = $1
