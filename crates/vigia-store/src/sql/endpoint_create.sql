-- As long as the account has fewer than $9.
INSERT INTO endpoint (name, url, filter, per_second, created_at_ms, account_id, label, secrets, state, sequence)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'enabled', 0
WHERE (SELECT count(*) FROM endpoint e WHERE e.account_id = $6 AND e.state <> 'removed') < $9
RETURNING id
