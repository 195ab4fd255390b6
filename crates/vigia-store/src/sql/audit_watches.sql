-- Where the history of an address is complete it counts from there on.
SELECT w.id, w.kind, w.target, coalesce(b.complete_from, w.live_from) AS from_checkpoint, w.live_to
FROM watch w
LEFT JOIN backfill b ON b.watch_id = w.id AND b.state IN ('complete', 'pruned')
WHERE w.id > $1
ORDER BY w.id
LIMIT $2
