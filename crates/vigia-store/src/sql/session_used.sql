UPDATE session SET used_at_ms = $2, expires_at_ms = $3
WHERE secret_hash = $1 AND expires_at_ms > $2
