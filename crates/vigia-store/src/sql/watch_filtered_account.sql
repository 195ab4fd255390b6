SELECT
    w.id, w.kind, w.target, w.live_from, w.source, l.at_ms AS added_at_ms, a.external_id, a.display_name,
    b.state, b.position, b.to_exclusive, b.complete_from, b.reason, b.requests
FROM account a
JOIN watch w ON w.account_id = a.id
LEFT JOIN watch_log l ON l.version = w.added_version
LEFT JOIN backfill b ON b.watch_id = w.id
WHERE a.external_id = $1 AND w.id > $2 AND w.live_to IS NULL
ORDER BY w.id
LIMIT $3
