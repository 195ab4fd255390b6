-- What is known stays.
INSERT INTO datatype (package, module, name, definition, asked_at_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (package, module, name) DO UPDATE
SET definition = excluded.definition, asked_at_ms = excluded.asked_at_ms
WHERE datatype.definition IS NULL
