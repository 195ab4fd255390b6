SELECT a.id
FROM account_reader m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $1 AND a.external_id = $2 AND a.kind = 'personal'
