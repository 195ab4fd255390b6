-- Active devices of whoever is told of the accounts in $1, and of the users in $2: JSON arrays.
SELECT d.id, d.user_id, d.platform, d.created_at_ms, d.bundle_id, d.bundle_kind, d.bundle_began_ms, d.bundle_due_ms,
    d.bundle_count, m.account_id,
    coalesce(p.muted, '') AS muted, coalesce(p.time_zone, 'UTC') AS time_zone, p.quiet_from, p.quiet_to,
    coalesce(p.hides_amounts, 0) AS hides_amounts
FROM account_told m
JOIN device d ON d.user_id = m.user_id AND d.state = 'active'
LEFT JOIN user_preference p ON p.user_id = d.user_id
WHERE m.may_be_notified = 1 AND m.account_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
UNION ALL
SELECT d.id, d.user_id, d.platform, d.created_at_ms, d.bundle_id, d.bundle_kind, d.bundle_began_ms, d.bundle_due_ms,
    d.bundle_count, NULL,
    coalesce(p.muted, ''), coalesce(p.time_zone, 'UTC'), p.quiet_from, p.quiet_to, coalesce(p.hides_amounts, 0)
FROM device d
LEFT JOIN user_preference p ON p.user_id = d.user_id
WHERE d.state = 'active' AND d.user_id IN (SELECT value::bigint FROM jsonb_array_elements_text($2::jsonb))
ORDER BY 1
