-- Endpoints in $1, a JSON array, that answered.
UPDATE endpoint SET failing_since_ms = NULL WHERE id IN (SELECT value FROM json_each($1)) AND failing_since_ms IS NOT NULL
