UPDATE device SET failures = 0, delivered_at_ms = $2 WHERE id = $1
