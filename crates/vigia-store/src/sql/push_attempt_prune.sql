DELETE FROM push_attempt WHERE push_id IN (
    SELECT id FROM push WHERE created_at_ms < $1 AND finished_at_ms < $1 ORDER BY created_at_ms, id LIMIT $2
)
