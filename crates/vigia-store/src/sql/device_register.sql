-- The bundle of one that was let go is over.
INSERT INTO device (user_id, platform, token, token_hash, locale, app_version, state, created_at_ms, registered_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $7)
ON CONFLICT (user_id, platform, token_hash) DO UPDATE
SET locale = excluded.locale, app_version = excluded.app_version, state = 'active', reason = NULL, failures = 0,
    registered_at_ms = excluded.registered_at_ms,
    created_at_ms = CASE WHEN device.state = 'active' THEN device.created_at_ms ELSE excluded.created_at_ms END,
    bundle_id = CASE WHEN device.state = 'active' THEN device.bundle_id END
