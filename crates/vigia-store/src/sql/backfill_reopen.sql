UPDATE backfill
SET state = 'waiting', retry_at_ms = 0, changed_at_ms = $1
WHERE state = 'failed'
