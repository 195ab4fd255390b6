-- The oldest batch that is under way and may go on at time $1.
SELECT b.watch_id, w.target, w.live_from, b.batch, b.from_checkpoint, b.position, b.to_exclusive
FROM backfill b
JOIN watch w ON w.id = b.watch_id
WHERE b.state = 'running' AND b.batch = (
    SELECT min(batch) FROM backfill WHERE state = 'running' AND retry_at_ms <= $1
)
ORDER BY b.watch_id
