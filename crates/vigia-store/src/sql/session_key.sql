SELECT id FROM session WHERE secret_hash = $1 AND expires_at_ms > $2
