WHERE ($2 IS NULL OR n.account_id IN (SELECT m.account_id FROM account_reader m WHERE m.user_id = $2)) AND n.digest = $3
ORDER BY n.id
