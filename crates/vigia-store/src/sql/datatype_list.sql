-- The newest, where there are more than are wanted.
SELECT package, module, name, definition
FROM datatype
WHERE definition IS NOT NULL
ORDER BY asked_at_ms DESC, package, module, name
LIMIT $1
