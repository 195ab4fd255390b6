-- What came of attempts, from a JSON array; those under an old fence change nothing.
UPDATE delivery
SET state = j.state, due_at_ms = j.due, finished_at_ms = j.finished, attempts = attempts + j.tried, holder = NULL,
    claimed_until_ms = NULL
FROM jsonb_to_recordset($1::jsonb) AS j (id text, fence bigint, state text, due bigint, finished bigint, tried bigint)
WHERE delivery.id = decode(j.id, 'hex') AND delivery.fence = j.fence AND delivery.state = 'pending' AND holder IS NOT NULL
RETURNING delivery.id, endpoint_id
