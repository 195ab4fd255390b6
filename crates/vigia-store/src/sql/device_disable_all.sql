UPDATE device SET state = 'inactive', reason = $2 WHERE user_id = $1 AND state = 'active'
