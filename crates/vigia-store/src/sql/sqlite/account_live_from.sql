-- From which checkpoint on each of the accounts in $1, a JSON array of their ids as text, is followed.
SELECT account_id, min(live_from) AS live_from
FROM watch
WHERE account_id IN (SELECT CAST(value AS INTEGER) FROM json_each($1))
GROUP BY account_id
