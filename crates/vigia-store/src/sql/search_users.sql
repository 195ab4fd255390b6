SELECT u.id, u.external_id, u.display_name, u.locale, l.role, l.password_hash
FROM app_user u
LEFT JOIN user_login l ON l.user_id = u.id
WHERE u.external_id >= $1 AND u.external_id < $2
ORDER BY u.external_id
LIMIT $3
