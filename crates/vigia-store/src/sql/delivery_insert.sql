INSERT INTO delivery (id, endpoint_id, sequence, activity_id, event, revision_id, due_at_ms, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
