-- Every holding of the addresses in $1, a JSON array of hexadecimal text; one that was given up before
-- any checkpoint is none. Two halves so that each uses its partial index. SQLite only: Postgres takes a bytea array.
SELECT target, account_id, live_from, live_to
FROM watch
WHERE kind = 'address' AND live_to IS NULL
    AND target IN (SELECT unhex(value) FROM json_each($1))
UNION ALL
SELECT target, account_id, live_from, live_to
FROM watch
WHERE kind = 'address' AND live_to > live_from
    AND target IN (SELECT unhex(value) FROM json_each($1))
