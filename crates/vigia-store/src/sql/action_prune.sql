DELETE FROM action_log WHERE id IN (SELECT id FROM action_log WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)
