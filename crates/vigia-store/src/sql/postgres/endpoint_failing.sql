-- Endpoints in $1, a JSON array, that fail since $2 unless they did before.
-- Rows are locked in one order everywhere, so that nobody waits for each other.
UPDATE endpoint SET failing_since_ms = $2
WHERE id IN (
    SELECT e.id FROM endpoint e WHERE e.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND e.failing_since_ms IS NULL ORDER BY e.id FOR UPDATE
)
