-- Those of $1 among the ids in $2, a JSON array, until $3.
UPDATE delivery SET claimed_until_ms = $3 WHERE id IN (SELECT unhex(value) FROM json_each($2)) AND holder = $1 AND state = 'pending'
