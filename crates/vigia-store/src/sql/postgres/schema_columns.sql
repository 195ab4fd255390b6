-- Catalogues differ. Parts of a table are no tables of their own here.
SELECT t.relname::text AS table_name, c.attname::text AS column_name
FROM pg_class t
JOIN pg_attribute c ON c.attrelid = t.oid
WHERE t.relnamespace = to_regnamespace('vigia') AND t.relkind IN ('r', 'p') AND NOT t.relispartition
    AND c.attnum > 0 AND NOT c.attisdropped
