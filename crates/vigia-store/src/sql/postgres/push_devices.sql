-- Devices in $1, a JSON array, with how their users are to be told.
SELECT d.id, d.user_id, d.platform, d.token, d.locale, d.app_version, d.state, d.reason, d.failures, d.created_at_ms, d.registered_at_ms, d.delivered_at_ms, u.locale AS user_locale, u.external_id AS user_external_id, coalesce(p.hides_amounts, 0) AS hides_amounts, coalesce(p.muted, '') AS muted
FROM device d
JOIN app_user u ON u.id = d.user_id
LEFT JOIN user_preference p ON p.user_id = d.user_id
WHERE d.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
