INSERT INTO notification (id, activity_id, account_id, kind, category, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
