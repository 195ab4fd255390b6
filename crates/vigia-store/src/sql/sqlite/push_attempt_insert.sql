-- Attempts from a JSON array; those of what is not kept any more are left out.
INSERT INTO push_attempt (push_id, started_at_ms, duration_ms, status, error, response_head)
SELECT t.id, j.value ->> 'started', j.value ->> 'duration', j.value ->> 'status', j.value ->> 'error', j.value ->> 'head'
FROM json_each($1) j
JOIN push t ON t.id = unhex(j.value ->> 'id')
