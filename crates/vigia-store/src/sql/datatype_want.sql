INSERT INTO datatype (package, module, name)
VALUES ($1, $2, $3)
ON CONFLICT (package, module, name) DO NOTHING
