SELECT u.id, u.external_id, u.display_name, u.locale, l.role, l.password_hash
FROM user_login l
JOIN app_user u ON u.id = l.user_id
WHERE u.external_id > $1
ORDER BY u.external_id
LIMIT $2
