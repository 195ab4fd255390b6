-- Those of $1 among the ids in $2, a JSON array, until $3. What is being completed in this moment is left alone: waiting for it in
-- another order than it takes its rows would be a deadlock, a second long.
UPDATE delivery SET claimed_until_ms = $3
WHERE id IN (
    SELECT x.id
    FROM delivery x
    WHERE x.id IN (SELECT decode(value, 'hex') FROM jsonb_array_elements_text($2::jsonb))
        AND x.holder = $1 AND x.state = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED
)
