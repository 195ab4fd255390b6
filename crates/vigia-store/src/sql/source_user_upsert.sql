-- The source's word counts, unlike that of a single watch (user_upsert).
INSERT INTO app_user (external_id, display_name, locale, created_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (external_id) DO UPDATE SET display_name = excluded.display_name, locale = excluded.locale
