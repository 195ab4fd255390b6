-- Every holding of the addresses in $1, a JSON array of hexadecimal text; one that was given up before
-- any checkpoint is none. SQLite only: Postgres takes a bytea array.
SELECT target, account_id, live_from, live_to
FROM watch
WHERE kind = 'address' AND (live_to IS NULL OR live_to > live_from)
    AND target IN (SELECT unhex(value) FROM json_each($1))
