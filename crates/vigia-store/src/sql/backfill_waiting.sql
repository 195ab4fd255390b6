-- What has not begun, where the live lane has committed everything below the end: of what it has not,
-- it must be the first to tell. Nothing that waits has a batch, which is said for the index.
SELECT b.watch_id, w.target, w.live_from
FROM backfill b
JOIN watch w ON w.id = b.watch_id
WHERE b.state = 'waiting' AND b.batch IS NULL AND w.live_from <= $1 AND w.live_to IS NULL
ORDER BY b.batch, b.watch_id
LIMIT $2
