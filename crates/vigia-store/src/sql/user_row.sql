SELECT u.id, u.external_id, u.display_name, u.locale, u.disabled_at_ms, l.role
FROM app_user u
LEFT JOIN user_login l ON l.user_id = u.id
WHERE u.external_id = $1 AND (u.disabled_at_ms IS NULL OR u.external_id NOT LIKE 'erased/%')
