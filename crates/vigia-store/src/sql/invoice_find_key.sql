WHERE i.account_id = $1 AND i.contract = $2 AND i.object = $3 AND i.object_id = $4
