INSERT INTO user_preference (user_id, read_up_to) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET read_up_to = excluded.read_up_to
WHERE user_preference.read_up_to < excluded.read_up_to
