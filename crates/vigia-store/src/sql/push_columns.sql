-- The other push_ files choose which.
SELECT p.id, p.device_id, p.notification_seq, p.platform, p.bundle_id, p.state, p.attempts, p.due_at_ms, p.created_at_ms,
    p.finished_at_ms, u.external_id AS user_external_id
FROM push p
JOIN device d ON d.id = p.device_id
JOIN app_user u ON u.id = d.user_id
