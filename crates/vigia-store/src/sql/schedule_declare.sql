-- What an operator paused stays paused, and what is due stays due while the pattern is the same.
INSERT INTO job_schedule (name, pattern, time_zone, missed, paused, next_at_ms, unfinished)
VALUES ($1, $2, $3, $4, 0, $5, 0)
ON CONFLICT (name) DO UPDATE
SET pattern = excluded.pattern,
    time_zone = excluded.time_zone,
    missed = excluded.missed,
    next_at_ms = CASE
        WHEN job_schedule.pattern = excluded.pattern AND job_schedule.time_zone = excluded.time_zone
        THEN job_schedule.next_at_ms
        ELSE excluded.next_at_ms
    END
