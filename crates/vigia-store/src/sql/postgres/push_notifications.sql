-- Notifications at the positions in $1, a JSON array.
SELECT n.seq, n.id, n.kind, n.category, n.created_at_ms, n.activity_id, n.details, n.account_id
FROM notification n
WHERE n.seq IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
ORDER BY n.seq
