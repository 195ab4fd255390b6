-- Leases whose name begins with $1 that ran out more than $2 ms ago, or were given back. The dialects
-- name their clock differently.
DELETE FROM lease
WHERE substr(name, 1, length(CAST($1 AS TEXT))) = CAST($1 AS TEXT)
    AND expires_at_ms < CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) - $2
