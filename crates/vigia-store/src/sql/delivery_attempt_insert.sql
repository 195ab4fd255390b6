INSERT INTO delivery_attempt (delivery_id, started_at_ms, duration_ms, status, error, response_head)
SELECT id, $2, $3, $4, $5, $6 FROM delivery WHERE id = $1
