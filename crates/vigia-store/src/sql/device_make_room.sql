UPDATE device SET state = 'inactive', reason = 'the user registered too many others'
WHERE id IN (
    SELECT id FROM device
    WHERE user_id = $1 AND state = 'active'
    ORDER BY registered_at_ms DESC, id DESC
    LIMIT 1000000 OFFSET $2
)
