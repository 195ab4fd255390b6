-- Those in $1, a JSON array, that fail since $2 or longer are told no more.
UPDATE endpoint SET state = 'disabled', reason = $3
WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND state = 'enabled' AND failing_since_ms <= $2
RETURNING id
