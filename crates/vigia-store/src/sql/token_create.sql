INSERT INTO api_token (secret_hash, user_id, name, scope, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id
