-- Postgres takes an array where SQLite takes JSON.
UPDATE watch SET source = $2
WHERE kind = 'address' AND live_to IS NULL AND target = ANY ($1)
