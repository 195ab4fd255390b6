-- Of each endpoint in $1, a JSON array: the newest in state $2, null for any, below time and id $3 and $4, at most $5 of each.
SELECT d.*
FROM jsonb_array_elements_text($1::jsonb) AS e (value)
CROSS JOIN LATERAL (
    SELECT id, endpoint_id, sequence, activity_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, lane, event, revision_id
    FROM delivery
    WHERE endpoint_id = e.value::bigint AND ($2::text IS NULL OR state = $2) AND (created_at_ms, id) < ($3, $4)
    ORDER BY created_at_ms DESC, id DESC
    LIMIT $5
) d
ORDER BY d.endpoint_id, d.created_at_ms DESC, d.id DESC
