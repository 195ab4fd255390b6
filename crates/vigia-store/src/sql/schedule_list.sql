SELECT
    name, pattern, time_zone, missed, paused, next_at_ms, last_at_ms, unfinished,
    last_finished_at_ms, last_result, last_error
FROM job_schedule
ORDER BY name
