-- Every holding of the addresses in $1; one that was given up before any checkpoint is none.
-- Postgres takes an array where SQLite takes JSON.
SELECT target, account_id, live_from, live_to
FROM watch
WHERE kind = 'address' AND (live_to IS NULL OR live_to > live_from) AND target = ANY ($1)
