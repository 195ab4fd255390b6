-- Postgres only: two that take each other's role wait for one another, and the second sees what the first did. SQLite has
-- no FOR UPDATE.
SELECT l.user_id
FROM user_login l
JOIN app_user u ON u.id = l.user_id
WHERE l.role = 'admin' AND u.disabled_at_ms IS NULL
ORDER BY l.user_id
FOR UPDATE OF l
