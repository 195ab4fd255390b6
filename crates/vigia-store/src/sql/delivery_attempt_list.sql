SELECT started_at_ms, duration_ms, status, error, response_head
FROM delivery_attempt
WHERE delivery_id = $1
ORDER BY id DESC
LIMIT $2
