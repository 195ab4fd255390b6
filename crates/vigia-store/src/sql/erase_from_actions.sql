-- What $1 did and what was done to it stays, under the name $2; $3 and $4 are both as JSON.
UPDATE action_log
SET
    actor = CASE WHEN actor = $1 THEN $2 ELSE actor END,
    subject = replace(subject, $3, $4),
    problem = replace(problem, $3, $4)
WHERE actor = $1 OR replace(subject, $3, '') <> subject OR replace(problem, $3, '') <> problem
