-- $1 endpoint and $2 state, null for any; $3 and $4 time and id to stay below; $5 rows at most.
SELECT id, endpoint_id, sequence, activity_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, lane, event, revision_id
FROM delivery
WHERE ($1 IS NULL OR endpoint_id = $1) AND ($2 IS NULL OR state = $2)
    AND (created_at_ms, id) < ($3, $4)
ORDER BY created_at_ms DESC, id DESC
LIMIT $5
