SELECT t.id, u.external_id, t.name, t.scope, t.created_at_ms, t.used_at_ms, t.expires_at_ms
FROM api_token t
JOIN app_user u ON u.id = t.user_id
WHERE ($1 IS NULL OR t.user_id = $1) AND (t.expires_at_ms IS NULL OR t.expires_at_ms > $2)
ORDER BY t.id
LIMIT $3
