-- The fence stays, so that it is spent for ever.
UPDATE lease SET holder = NULL, expires_at_ms = 0
WHERE name = $1 AND fence = $2 AND holder IS NOT NULL
