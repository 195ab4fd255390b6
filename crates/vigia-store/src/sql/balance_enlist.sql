-- The next watched addresses above $1, $2 at most.
INSERT INTO balance_address (address, state, checkpoint, doubts, compared_at_ms, retry_at_ms)
SELECT target, 'waiting', NULL, 0, NULL, $3
FROM (
    SELECT target FROM watch
    WHERE id > $1 AND kind = 'address' AND live_to IS NULL
    ORDER BY id
    LIMIT $2
) AS next
WHERE TRUE
ON CONFLICT (address) DO UPDATE SET
    state = 'waiting', checkpoint = NULL, agreed_checkpoint = NULL, doubts = 0, compared_at_ms = NULL,
    retry_at_ms = excluded.retry_at_ms
