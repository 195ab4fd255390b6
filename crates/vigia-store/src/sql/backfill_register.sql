-- The history of every address that version $1 added. One that was watched before has none to fetch:
-- what is below belongs to whoever held it then.
INSERT INTO backfill (
    watch_id, state, complete_from, requests, retry_at_ms, created_at_ms, changed_at_ms
)
SELECT
    added.id,
    CASE WHEN added.held_before THEN 'complete' ELSE 'waiting' END,
    CASE WHEN added.held_before THEN added.live_from END,
    0, 0, $2, $2
FROM (
    SELECT w.id, w.live_from, EXISTS (
        SELECT 1
        FROM watch earlier
        WHERE earlier.kind = 'address' AND earlier.target = w.target
            AND earlier.live_from < w.live_from AND earlier.live_to > earlier.live_from
    ) AS held_before
    FROM watch w
    WHERE w.added_version = $1 AND w.kind = 'address'
) added
