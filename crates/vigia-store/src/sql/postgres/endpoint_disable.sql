-- Those in $1, a JSON array, are told no more.
UPDATE endpoint SET state = 'disabled', reason = $2 WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND state = 'enabled'
RETURNING id
