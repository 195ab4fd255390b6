SELECT id, endpoint_id, sequence, activity_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, lane, event, revision_id
FROM delivery
WHERE endpoint_id = $1 AND sequence > $2
ORDER BY sequence
LIMIT $3
