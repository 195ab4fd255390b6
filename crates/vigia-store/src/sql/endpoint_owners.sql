-- Who may manage the endpoints of an account.
SELECT m.user_id
FROM account_member m
WHERE m.account_id = $1
    AND ' ' || m.permissions || ' ' LIKE '% webhook %' AND ' ' || m.permissions || ' ' LIKE '% read %'
ORDER BY m.user_id
