SELECT 1::bigint AS there FROM pg_class
WHERE relname = $1 AND relnamespace = to_regnamespace('vigia')
