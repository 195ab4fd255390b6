-- Catalogues differ.
SELECT 1 AS there FROM sqlite_schema WHERE type = 'table' AND name = 'schema_info'
