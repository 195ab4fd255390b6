SELECT
    w.id, w.kind, w.target, w.live_from, w.source, l.at_ms AS added_at_ms, a.external_id, a.display_name,
    b.state, b.position, b.to_exclusive, b.complete_from, b.reason, b.requests
FROM watch w
LEFT JOIN account a ON a.id = w.account_id
LEFT JOIN watch_log l ON l.version = w.added_version
LEFT JOIN backfill b ON b.watch_id = w.id
WHERE w.kind = 'address' AND w.target >= $1 AND w.target <= $2 AND w.live_to IS NULL
ORDER BY w.target
LIMIT $3
