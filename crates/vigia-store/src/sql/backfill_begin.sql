UPDATE backfill
SET state = 'running', batch = $2, from_checkpoint = $3, position = $3, to_exclusive = $4,
    complete_from = NULL, reason = NULL, changed_at_ms = $5
WHERE watch_id = $1 AND state IN ('waiting', 'running')
