UPDATE device SET state = 'inactive', reason = $3 WHERE id = $2 AND ($1 IS NULL OR user_id = $1) AND state = 'active'
