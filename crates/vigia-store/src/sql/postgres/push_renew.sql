-- Those of $1 among the ids in $2, a JSON array, until $3.
UPDATE push SET claimed_until_ms = $3 WHERE id IN (SELECT decode(value, 'hex') FROM jsonb_array_elements_text($2::jsonb)) AND holder = $1 AND state = 'pending'
