-- SQLite only: a write is alone. Takes up to $4 due pushes of platform $1 and lane $2 at time $3, for $5 until $6.
UPDATE push
SET holder = $5, claimed_until_ms = $6, fence = fence + 1,
    is_rescued = CASE WHEN claimed_until_ms IS NULL THEN 0 ELSE 1 END
WHERE id IN (
    SELECT x.id
    FROM push x
    WHERE x.platform = $1 AND x.lane = $2 AND x.state = 'pending' AND x.due_at_ms <= $3
        AND (x.claimed_until_ms IS NULL OR x.claimed_until_ms <= $3)
    ORDER BY x.due_at_ms, x.id
    LIMIT $4
)
RETURNING id, device_id, notification_seq, platform, bundle_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, fence, is_rescued
