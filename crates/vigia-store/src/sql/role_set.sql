-- A password that is there stays.
INSERT INTO user_login (user_id, role, password_hash, changed_at_ms)
VALUES ($1, $2, NULL, $3)
ON CONFLICT (user_id) DO UPDATE SET role = excluded.role, changed_at_ms = excluded.changed_at_ms
