SELECT a.external_id, a.display_name
FROM account_reader m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $1 AND a.kind = 'personal'
ORDER BY a.external_id
LIMIT $2
