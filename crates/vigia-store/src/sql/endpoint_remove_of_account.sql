UPDATE endpoint SET state = 'removed', reason = NULL, secrets = NULL WHERE account_id = $1 AND state <> 'removed'
