-- It expires now, and is seen until it is cleaned up.
UPDATE api_token SET expires_at_ms = $2
WHERE id = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)
