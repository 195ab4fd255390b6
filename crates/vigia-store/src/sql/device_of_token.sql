WHERE d.user_id = $1 AND d.platform = $2 AND d.token_hash = $3
