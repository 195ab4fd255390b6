-- Postgres takes an array where SQLite takes JSON.
SELECT target, account_id, live_from FROM watch WHERE kind = 'address' AND live_to IS NULL AND target = ANY ($1)
