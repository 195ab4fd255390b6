-- Attempts from a JSON array; those of what is not kept any more are left out.
INSERT INTO push_attempt (push_id, started_at_ms, duration_ms, status, error, response_head)
SELECT t.id, j.started, j.duration, j.status, j.error, j.head
FROM jsonb_to_recordset($1::jsonb)
    AS j (id text, started bigint, duration bigint, status bigint, error text, head text)
JOIN push t ON t.id = decode(j.id, 'hex')
