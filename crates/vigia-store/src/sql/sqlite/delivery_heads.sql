-- Of each endpoint in $1, a JSON array: the newest in state $2, null for any, below time and id $3 and $4, at most $5 of each.
SELECT
    d.id, d.endpoint_id, d.sequence, d.activity_id, d.state, d.attempts, d.due_at_ms, d.created_at_ms, d.finished_at_ms, d.lane,
    d.event, d.revision_id
FROM json_each($1) e
CROSS JOIN delivery d ON d.id IN (
    SELECT id FROM delivery
    WHERE endpoint_id = e.value AND ($2 IS NULL OR state = $2) AND (created_at_ms, id) < ($3, $4)
    ORDER BY created_at_ms DESC, id DESC
    LIMIT $5
)
ORDER BY d.endpoint_id, d.created_at_ms DESC, d.id DESC
