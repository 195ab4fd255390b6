INSERT INTO session (secret_hash, user_id, client, created_at_ms, used_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $4, $5)
