-- Endpoints in $1, a JSON array, that answered.
-- Rows are locked in one order everywhere, so that nobody waits for each other.
UPDATE endpoint SET failing_since_ms = NULL
WHERE id IN (
    SELECT e.id FROM endpoint e WHERE e.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND e.failing_since_ms IS NOT NULL ORDER BY e.id FOR UPDATE
)
