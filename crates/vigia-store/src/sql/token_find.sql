SELECT u.id, u.external_id, u.display_name, u.locale, l.role, t.scope, t.used_at_ms, t.expires_at_ms
FROM api_token t
JOIN app_user u ON u.id = t.user_id
LEFT JOIN user_login l ON l.user_id = u.id
WHERE u.disabled_at_ms IS NULL AND t.secret_hash = $1 AND (t.expires_at_ms IS NULL OR t.expires_at_ms > $2)
