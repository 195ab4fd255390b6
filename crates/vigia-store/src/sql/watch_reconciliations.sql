SELECT holder, at_ms, entries, missing, extra
FROM watch_reconciliation
WHERE at_ms >= $1
ORDER BY holder
