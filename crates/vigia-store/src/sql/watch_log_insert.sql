INSERT INTO watch_log (version, effective_from, at_ms) VALUES ($1, $2, $3)
