-- Those in $1, a JSON array, that fail since $2 or longer are told no more.
-- Rows are locked in one order everywhere, so that nobody waits for each other.
UPDATE endpoint SET state = 'disabled', reason = $3
WHERE id IN (
    SELECT e.id FROM endpoint e WHERE e.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND e.state = 'enabled' AND e.failing_since_ms <= $2 ORDER BY e.id FOR UPDATE
)
RETURNING id
