-- SQLite takes JSON where Postgres takes an array.
UPDATE watch SET live_to = $2, removed_version = $3
WHERE kind = 'address' AND live_to IS NULL AND source IS NOT NULL
    AND target IN (SELECT unhex(value) FROM json_each($1))
