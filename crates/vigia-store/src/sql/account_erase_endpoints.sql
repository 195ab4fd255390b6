UPDATE endpoint SET url = '', label = '' WHERE account_id = $1
