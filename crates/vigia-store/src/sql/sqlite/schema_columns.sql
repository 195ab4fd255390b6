-- Catalogues differ.
SELECT t.name AS table_name, c.name AS column_name
FROM sqlite_schema t
JOIN pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
