-- Notifications at the positions in $1, a JSON array.
SELECT n.seq, n.id, n.kind, n.category, n.created_at_ms, n.activity_id, n.details, n.account_id
FROM notification n
WHERE n.seq IN (SELECT value FROM json_each($1))
ORDER BY n.seq
