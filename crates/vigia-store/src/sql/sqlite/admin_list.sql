-- SQLite only: its writer is alone, Postgres locks the rows.
SELECT l.user_id
FROM user_login l
JOIN app_user u ON u.id = l.user_id
WHERE l.role = 'admin' AND u.disabled_at_ms IS NULL
ORDER BY l.user_id
