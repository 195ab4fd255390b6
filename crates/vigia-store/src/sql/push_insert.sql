INSERT INTO push (id, device_id, notification_seq, platform, lane, bundle_id, due_at_ms, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING
