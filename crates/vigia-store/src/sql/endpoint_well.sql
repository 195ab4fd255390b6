UPDATE endpoint SET failing_since_ms = NULL WHERE id = $1 AND failing_since_ms IS NOT NULL
