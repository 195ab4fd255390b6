-- Accounts whose endpoints a user may manage: what they are told, the user may read.
SELECT a.id, a.external_id
FROM account_member m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $1
    AND ' ' || m.permissions || ' ' LIKE '% webhook %' AND ' ' || m.permissions || ' ' LIKE '% read %'
ORDER BY a.external_id
