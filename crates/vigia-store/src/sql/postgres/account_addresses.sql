-- Watched addresses of accounts in $1, a JSON array, at most $2 of each.
SELECT
    w.id, w.kind, w.target, w.live_from, w.source, l.at_ms AS added_at_ms, w.account_id, a.external_id, a.display_name,
    b.state, b.position, b.to_exclusive, b.complete_from, b.reason, b.requests
FROM (
    SELECT x.id, ROW_NUMBER() OVER (PARTITION BY x.account_id ORDER BY x.id) AS place
    FROM watch x
    WHERE x.account_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND x.live_to IS NULL AND x.kind = 'address'
) r
JOIN watch w ON w.id = r.id
JOIN account a ON a.id = w.account_id
LEFT JOIN watch_log l ON l.version = w.added_version
LEFT JOIN backfill b ON b.watch_id = w.id
WHERE r.place <= $2
ORDER BY w.account_id, w.id
