SELECT started_at_ms, duration_ms, status, error, response_head
FROM push_attempt
WHERE push_id = $1
ORDER BY id DESC
LIMIT $2
