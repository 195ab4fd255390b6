INSERT INTO user_preference (user_id, muted, time_zone, quiet_from, quiet_to, hides_amounts)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE
SET muted = excluded.muted, time_zone = excluded.time_zone, quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to, hides_amounts = excluded.hides_amounts
