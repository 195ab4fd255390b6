-- The new end counts from now. The dialects name their clock differently.
UPDATE lease SET expires_at_ms = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) + $3
WHERE name = $1 AND fence = $2 AND holder IS NOT NULL
