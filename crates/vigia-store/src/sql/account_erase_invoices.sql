UPDATE invoice SET note = '' WHERE account_id = $1
