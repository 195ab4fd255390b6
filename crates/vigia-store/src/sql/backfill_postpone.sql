UPDATE backfill
SET reason = $2, retry_at_ms = $3, requests = requests + $4, changed_at_ms = $5
WHERE state = 'running' AND batch = $1
