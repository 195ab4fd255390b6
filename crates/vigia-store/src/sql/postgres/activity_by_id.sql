-- Those whose ids are in $1, a JSON array.
WHERE a.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
