UPDATE endpoint SET state = 'disabled', reason = $3 WHERE id = $1 AND state = 'enabled' AND failing_since_ms <= $2
