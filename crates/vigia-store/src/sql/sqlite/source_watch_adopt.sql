-- SQLite takes JSON where Postgres takes an array.
UPDATE watch SET source = $2
WHERE kind = 'address' AND live_to IS NULL AND target IN (SELECT unhex(value) FROM json_each($1))
