UPDATE endpoint SET state = $2, reason = $3, failing_since_ms = NULL WHERE name = $1 AND state <> 'removed'
