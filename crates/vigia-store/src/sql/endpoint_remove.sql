UPDATE endpoint SET state = 'removed', reason = NULL WHERE name = $1 AND state <> 'removed'
