INSERT INTO notification_read (user_id, seq) VALUES ($1, $2) ON CONFLICT (user_id, seq) DO NOTHING
