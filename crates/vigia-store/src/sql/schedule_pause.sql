UPDATE job_schedule SET paused = $2 WHERE name = $1
