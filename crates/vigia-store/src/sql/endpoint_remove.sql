UPDATE endpoint SET state = 'removed', reason = NULL, secrets = NULL WHERE name = $1 AND state <> 'removed'
