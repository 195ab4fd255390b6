UPDATE endpoint SET state = 'disabled', reason = $2 WHERE id = $1 AND state = 'enabled'
