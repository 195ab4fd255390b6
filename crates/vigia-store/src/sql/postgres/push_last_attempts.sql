-- The last attempt of each of those in $1, a JSON array of ids.
SELECT a.push_id AS id, a.started_at_ms, a.duration_ms, a.status, a.error, a.response_head
FROM jsonb_array_elements_text($1::jsonb) j (id)
JOIN push_attempt a ON a.id = (SELECT max(x.id) FROM push_attempt x WHERE x.push_id = decode(j.id, 'hex'))
