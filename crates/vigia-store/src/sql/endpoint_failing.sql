UPDATE endpoint SET failing_since_ms = $2 WHERE id = $1 AND failing_since_ms IS NULL
