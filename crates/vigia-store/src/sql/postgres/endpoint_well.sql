-- Endpoints in $1, a JSON array, that answered.
UPDATE endpoint SET failing_since_ms = NULL WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND failing_since_ms IS NOT NULL
