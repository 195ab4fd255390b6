-- Asked for, since CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it is there.
SELECT 1::bigint AS there FROM pg_namespace WHERE nspname = 'vigia'
