INSERT INTO backfill_range (
    from_checkpoint, to_checkpoint, position, last_digest, watch_version, changed_at_ms
)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (from_checkpoint, to_checkpoint) DO UPDATE
SET position = excluded.position, last_digest = excluded.last_digest,
    watch_version = excluded.watch_version, changed_at_ms = excluded.changed_at_ms
