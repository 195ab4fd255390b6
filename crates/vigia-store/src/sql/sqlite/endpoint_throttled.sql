-- SQLite only: a write is alone.
SELECT id, per_second, taken_until_us
FROM endpoint
WHERE per_second IS NOT NULL AND id IN (SELECT value FROM json_each($1))
ORDER BY id
