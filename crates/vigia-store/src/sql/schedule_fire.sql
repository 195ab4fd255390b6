-- Compares and sets: of all that saw the same tick, one changes the row.
UPDATE job_schedule
SET next_at_ms = $3,
    last_at_ms = coalesce($4, last_at_ms),
    unfinished = CASE WHEN $4 IS NULL THEN unfinished ELSE 1 END
WHERE name = $1 AND next_at_ms = $2 AND paused = 0
