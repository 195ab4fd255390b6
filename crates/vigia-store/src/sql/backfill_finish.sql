UPDATE backfill
SET state = $2, complete_from = $3, reason = $4, batch = NULL, changed_at_ms = $5
WHERE state = 'running' AND batch = $1
