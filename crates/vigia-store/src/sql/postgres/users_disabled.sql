-- Postgres takes an array where SQLite takes JSON.
SELECT external_id FROM app_user WHERE disabled_at_ms IS NOT NULL AND external_id = ANY ($1)
