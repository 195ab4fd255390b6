INSERT INTO action_log (at_ms, actor, way, action, subject, problem) VALUES ($1, $2, $3, $4, $5, $6)
