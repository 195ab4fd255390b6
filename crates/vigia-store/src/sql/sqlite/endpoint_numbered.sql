-- Gives out numbers, as many to each as $1, a JSON array, says; returns the last.
UPDATE endpoint
SET sequence = sequence + (j.value ->> 'count')
FROM json_each($1) j
WHERE endpoint.id = j.value ->> 'id'
RETURNING endpoint.id, sequence
