-- Of the first $2 that wait, those that have no history: they are live from the chain's beginning on, and
-- so is the live lane. What was added before the lane began comes first of all.
UPDATE backfill
SET state = 'complete', complete_from = 0, changed_at_ms = $1
WHERE watch_id IN (
    SELECT w.id
    FROM (
        SELECT watch_id
        FROM backfill
        WHERE state = 'waiting' AND batch IS NULL
        ORDER BY batch, watch_id
        LIMIT $2
    ) waiting
    JOIN watch w ON w.id = waiting.watch_id
    WHERE w.live_from = 0 AND EXISTS (SELECT 1 FROM chain WHERE first_checkpoint = 0)
)
