SELECT id, name, url, filter, state, reason, sequence, failing_since_ms FROM endpoint ORDER BY id
