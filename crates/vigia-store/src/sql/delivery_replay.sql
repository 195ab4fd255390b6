-- Deliveries of endpoint $1 with a number from $2 up to $3, $5 at most: all that have ended, or the dead alone ($4 = 1).
-- They go behind what happens. A fence that rises keeps an old try from ending the new one.
UPDATE delivery
SET state = 'pending', due_at_ms = $6, finished_at_ms = NULL, attempts = 0, holder = NULL, claimed_until_ms = NULL,
    fence = fence + 1, lane = 1
WHERE id IN (
    SELECT x.id
    FROM delivery x
    WHERE x.endpoint_id = $1 AND x.sequence BETWEEN $2 AND $3
        AND (x.state = 'dead' OR ($4 = 0 AND x.state IN ('delivered', 'cancelled')))
    ORDER BY x.sequence
    LIMIT $5
)
