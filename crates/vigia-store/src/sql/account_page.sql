SELECT a.id AS account_id, a.external_id AS account_external_id, a.kind AS account_kind, a.display_name AS account_display_name
FROM account a
WHERE a.id > $1
ORDER BY a.id
LIMIT $2
