-- Who may read accounts in $1, a JSON array.
SELECT account_id, user_id
FROM account_reader
WHERE account_id IN (SELECT value FROM json_each($1))
