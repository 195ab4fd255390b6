-- Members of accounts in $1, a JSON array, at most $2 of each.
SELECT
    a.id AS account_id, a.external_id AS account_external_id, a.kind AS account_kind, a.display_name AS account_display_name,
    u.id, u.external_id, u.display_name, u.locale, r.permissions, r.source
FROM (
    SELECT
        m.account_id, m.user_id, m.permissions, m.source,
        ROW_NUMBER() OVER (PARTITION BY m.account_id ORDER BY m.user_id) AS place
    FROM account_member m
    WHERE m.account_id IN (SELECT value FROM json_each($1))
) r
JOIN account a ON a.id = r.account_id
JOIN app_user u ON u.id = r.user_id
WHERE r.place <= $2
ORDER BY r.account_id, u.external_id
