SELECT id, at_ms, actor, way, action, subject, problem
FROM action_log
WHERE id < $1 AND ($2 IS NULL OR actor = $2)
ORDER BY id DESC
LIMIT $3
