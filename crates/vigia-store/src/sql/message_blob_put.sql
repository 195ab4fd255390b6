INSERT INTO message_blob (id, bytes, created_at_ms)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET created_at_ms = excluded.created_at_ms
