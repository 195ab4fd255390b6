-- The history of every address that version $1 added. One that was watched before has none to fetch:
-- what is below belongs to whoever held it then. That is looked up once, only where a watch was ever
-- ended, and for rows found by version alone: statistics of a list that is being filled mislead.
WITH added AS MATERIALIZED (
    SELECT w.id, w.kind, w.live_from, CASE
        WHEN (SELECT EXISTS (SELECT 1 FROM watch WHERE removed_version IS NOT NULL)) THEN EXISTS (
            SELECT 1
            FROM watch earlier
            WHERE earlier.kind = 'address' AND earlier.target = w.target
                AND (CASE WHEN earlier.live_to IS NULL THEN 0 ELSE earlier.id END) > 0
                AND earlier.live_from < w.live_from AND earlier.live_to > earlier.live_from
        )
        ELSE FALSE
    END AS held_before
    FROM watch w
    WHERE w.added_version = $1
)
INSERT INTO backfill (
    watch_id, state, complete_from, requests, retry_at_ms, created_at_ms, changed_at_ms
)
SELECT
    id,
    CASE WHEN held_before THEN 'complete' ELSE 'waiting' END,
    CASE WHEN held_before THEN live_from END,
    0, 0, $2, $2
FROM added
WHERE kind = 'address'
