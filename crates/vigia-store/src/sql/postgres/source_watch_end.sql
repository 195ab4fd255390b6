-- Postgres takes an array where SQLite takes JSON.
UPDATE watch SET live_to = $2, removed_version = $3
WHERE kind = 'address' AND live_to IS NULL AND source IS NOT NULL AND target = ANY ($1)
