-- Catalogues differ.
SELECT 1::bigint AS there FROM pg_class
WHERE relname = 'schema_info' AND relnamespace = to_regnamespace('vigia')
