SELECT s.id, u.external_id, s.client, s.created_at_ms, s.used_at_ms, s.expires_at_ms
FROM session s
JOIN app_user u ON u.id = s.user_id
WHERE ($1 IS NULL OR s.user_id = $1) AND s.expires_at_ms > $2
ORDER BY s.id
LIMIT $3
