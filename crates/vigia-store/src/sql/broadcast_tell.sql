INSERT INTO notification (id, user_id, kind, category, details, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
RETURNING seq, id, user_id
