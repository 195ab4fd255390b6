INSERT INTO schema_info (singleton, version, compatible_from)
VALUES (1, $1, $2)
ON CONFLICT (singleton) DO UPDATE
SET version = excluded.version, compatible_from = excluded.compatible_from
