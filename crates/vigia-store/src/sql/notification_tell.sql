-- A notification for one user that no transaction caused.
INSERT INTO notification (id, user_id, kind, category, details, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
RETURNING seq
