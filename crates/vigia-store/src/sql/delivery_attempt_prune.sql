DELETE FROM delivery_attempt WHERE delivery_id IN (
    SELECT id FROM delivery WHERE created_at_ms < $1 AND finished_at_ms < $1 ORDER BY created_at_ms, id LIMIT $2
)
