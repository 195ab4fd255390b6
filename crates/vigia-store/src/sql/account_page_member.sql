-- Those of one user (I-14).
SELECT a.id AS account_id, a.external_id AS account_external_id, a.kind AS account_kind, a.display_name AS account_display_name
FROM account_reader m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $3 AND a.id > $1
ORDER BY a.id
LIMIT $2
