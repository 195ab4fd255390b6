UPDATE backfill
SET position = $2, requests = requests + $3, reason = NULL, retry_at_ms = 0, changed_at_ms = $4
WHERE state = 'running' AND batch = $1
