-- The account $1 as asked for on behalf of user $2 (null: by an operator), with whether it holds the address $3
-- now and what the user may do with it.
SELECT a.id, m.permissions, CAST(CASE WHEN EXISTS (
        SELECT 1 FROM holding h WHERE h.account_id = a.id AND h.address = $3 AND h.to_exclusive IS NULL
    ) THEN 1 ELSE 0 END AS BIGINT) AS holds
FROM account a
LEFT JOIN account_member m ON m.account_id = a.id AND m.user_id = $2
WHERE a.external_id = $1
