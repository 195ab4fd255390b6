-- Notifications after position $1 that are to be turned into pushes, $2 at most. Those of broadcasts are already.
SELECT n.seq, n.id, n.category, n.account_id, n.user_id, n.created_at_ms,
    coalesce(a.timestamp_ms, n.created_at_ms) AS happened_at_ms,
    CAST(CASE WHEN n.activity_id IS NULL AND n.kind = 'BROADCAST' THEN 1 ELSE 0 END AS BIGINT) AS is_broadcast
FROM notification n
LEFT JOIN activity a ON a.id = n.activity_id
WHERE n.seq > $1
ORDER BY n.seq
LIMIT $2
