UPDATE broadcast SET state = 'stopped', finished_at_ms = $2 WHERE id = $1 AND state = 'running'
