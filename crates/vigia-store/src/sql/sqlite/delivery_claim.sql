-- Takes up to $3 due deliveries of each lane in $6 of each endpoint in $1, JSON arrays, at time $2, for $4 until $5. SQLite
-- has no LATERAL, and needs none: an IN may look outside.
UPDATE delivery
SET holder = $4, claimed_until_ms = $5, fence = fence + 1,
    is_rescued = CASE WHEN claimed_until_ms IS NULL THEN 0 ELSE 1 END
WHERE id IN (
    SELECT d.id
    FROM json_each($1) w
    CROSS JOIN json_each($6) l
    JOIN delivery d ON d.id IN (
        SELECT x.id
        FROM delivery x
        WHERE x.endpoint_id = w.value AND x.lane = l.value AND x.state = 'pending' AND x.due_at_ms <= $2
            AND (x.claimed_until_ms IS NULL OR x.claimed_until_ms <= $2)
        ORDER BY x.due_at_ms, x.sequence
        LIMIT $3
    )
)
RETURNING id, endpoint_id, sequence, activity_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, lane, event, revision_id, fence, is_rescued
