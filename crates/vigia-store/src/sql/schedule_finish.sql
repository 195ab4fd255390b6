-- $2 is the tick the job ran for; none where somebody asked for it, which leaves a tick unfinished.
UPDATE job_schedule
SET unfinished = CASE WHEN last_at_ms = CAST($2 AS BIGINT) THEN 0 ELSE unfinished END,
    last_finished_at_ms = $3,
    fence = $4,
    last_result = $5,
    last_error = $6
WHERE name = $1
