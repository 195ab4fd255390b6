SELECT count(*) AS tokens FROM api_token
WHERE user_id = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)
