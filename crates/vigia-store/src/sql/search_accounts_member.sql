-- As search_accounts, of one user's alone.
SELECT a.external_id, a.kind, a.display_name
FROM account_reader m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $4 AND a.external_id >= $1 AND a.external_id < $2
ORDER BY a.external_id
LIMIT $3
