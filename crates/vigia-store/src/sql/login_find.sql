SELECT u.id, u.external_id, u.display_name, u.locale, l.role, l.password_hash
FROM app_user u
LEFT JOIN user_login l ON l.user_id = u.id
WHERE u.disabled_at_ms IS NULL AND u.external_id = $1
