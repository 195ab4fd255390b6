-- Leases whose name begins with $1. The dialects name their clock differently.
SELECT name, fence, holder, expires_at_ms - CAST(round(unixepoch('subsec') * 1000) AS INTEGER) AS remaining_ms
FROM lease
WHERE substr(name, 1, length(CAST($1 AS TEXT))) = CAST($1 AS TEXT)
ORDER BY name
