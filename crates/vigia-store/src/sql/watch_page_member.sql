-- The addresses of one user's accounts (I-14). One with very many accounts reads all of theirs for a page.
SELECT
    w.id, w.kind, w.target, w.live_from, w.source, l.at_ms AS added_at_ms, a.external_id, a.display_name,
    b.state, b.position, b.to_exclusive, b.complete_from, b.reason, b.requests
FROM account_reader m
JOIN account a ON a.id = m.account_id
JOIN watch w ON w.account_id = a.id
LEFT JOIN watch_log l ON l.version = w.added_version
LEFT JOIN backfill b ON b.watch_id = w.id
WHERE m.user_id = $3 AND w.id > $1 AND w.live_to IS NULL AND w.kind = 'address'
ORDER BY w.id
LIMIT $2
