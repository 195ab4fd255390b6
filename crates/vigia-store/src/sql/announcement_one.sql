WHERE n.account_id = $2 AND n.digest = $3
