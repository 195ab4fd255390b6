SELECT min(d.due_at_ms) AS due_at_ms
FROM delivery d
JOIN endpoint e ON e.id = d.endpoint_id AND e.state = 'enabled'
WHERE d.state = 'pending'
