UPDATE delivery
SET state = $3, due_at_ms = $4, finished_at_ms = $5, attempts = attempts + $6, holder = NULL, claimed_until_ms = NULL
WHERE id = $1 AND fence = $2 AND state = 'pending' AND holder IS NOT NULL
RETURNING endpoint_id
