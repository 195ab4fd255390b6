-- What came of attempts, from a JSON array; those under an old fence change nothing.
UPDATE delivery
SET state = j.value ->> 'state', due_at_ms = j.value ->> 'due', finished_at_ms = j.value ->> 'finished',
    attempts = attempts + (j.value ->> 'tried'), holder = NULL, claimed_until_ms = NULL
FROM json_each($1) j
WHERE delivery.id = unhex(j.value ->> 'id') AND fence = j.value ->> 'fence' AND delivery.state = 'pending' AND holder IS NOT NULL
RETURNING id, endpoint_id
