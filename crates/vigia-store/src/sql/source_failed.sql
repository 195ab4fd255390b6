-- The last refresh that went well stays; since when it fails is the first time after that.
INSERT INTO source (name, rows_read, addresses, members, refused, failing_since_ms, error)
VALUES ($1, 0, 0, 0, 0, $2, $3)
ON CONFLICT (name) DO UPDATE SET
    failing_since_ms = coalesce(source.failing_since_ms, excluded.failing_since_ms),
    error = excluded.error
