-- Postgres takes an array where SQLite takes JSON.
SELECT external_id, id FROM app_user WHERE external_id = ANY ($1)
