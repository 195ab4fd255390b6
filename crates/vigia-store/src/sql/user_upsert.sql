-- A user who exists keeps their language, and their name unless they had none.
INSERT INTO app_user (external_id, display_name, locale, created_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (external_id) DO UPDATE SET display_name = excluded.display_name
WHERE app_user.display_name = ''
