-- From which checkpoint on each of the accounts in $1, an array of their ids as text, is followed.
SELECT account_id, min(live_from) AS live_from
FROM watch
WHERE account_id = ANY (SELECT unnest($1::text[])::bigint)
GROUP BY account_id
