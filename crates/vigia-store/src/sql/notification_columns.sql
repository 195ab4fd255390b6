    , n.seq, n.id AS notification_id, n.kind AS notification_kind, n.created_at_ms
FROM notification n
JOIN activity a ON a.id = n.activity_id
