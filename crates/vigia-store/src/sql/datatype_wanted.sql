-- Those nobody asked about come first.
SELECT package, module, name
FROM datatype
WHERE definition IS NULL AND (asked_at_ms IS NULL OR asked_at_ms <= $1)
ORDER BY coalesce(asked_at_ms, -1), package, module, name
LIMIT $2
