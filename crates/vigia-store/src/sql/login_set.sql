-- Without a hash the password that is there stays.
INSERT INTO user_login (user_id, role, password_hash, changed_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET
    role = excluded.role,
    password_hash = coalesce(excluded.password_hash, user_login.password_hash),
    changed_at_ms = excluded.changed_at_ms
