DELETE FROM announcement WHERE account_id = $1
