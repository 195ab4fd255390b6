-- Endpoints in $1, a JSON array, that fail since $2 unless they did before.
UPDATE endpoint SET failing_since_ms = $2 WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND failing_since_ms IS NULL
