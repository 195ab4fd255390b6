SELECT from_checkpoint, to_checkpoint, position
FROM backfill_range
ORDER BY from_checkpoint, to_checkpoint
LIMIT $1
