-- The other device_ files choose which.
SELECT d.id, d.user_id, d.platform, d.token, d.locale, d.app_version, d.state, d.reason, d.failures, d.created_at_ms, d.registered_at_ms, d.delivered_at_ms
FROM device d
