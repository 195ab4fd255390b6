SELECT a.id AS account_id, a.external_id AS account_external_id, a.kind AS account_kind, a.display_name AS account_display_name
FROM account a
WHERE a.external_id = $1 AND ($2 IS NULL OR a.id IN (SELECT account_id FROM account_reader WHERE user_id = $2))
