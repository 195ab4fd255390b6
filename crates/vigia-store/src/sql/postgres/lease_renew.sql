-- The new end counts from now. The dialects name their clock differently.
UPDATE lease SET expires_at_ms = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $3
WHERE name = $1 AND fence = $2 AND holder IS NOT NULL
