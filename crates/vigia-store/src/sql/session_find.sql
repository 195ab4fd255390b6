SELECT u.id, u.external_id, u.display_name, u.locale, l.role, s.used_at_ms, s.expires_at_ms
FROM session s
JOIN app_user u ON u.id = s.user_id
LEFT JOIN user_login l ON l.user_id = u.id
WHERE u.disabled_at_ms IS NULL AND s.secret_hash = $1 AND s.expires_at_ms > $2
