-- The last attempt of each of those in $1, a JSON array of ids.
SELECT a.delivery_id AS id, a.started_at_ms, a.duration_ms, a.status, a.error, a.response_head
FROM json_each($1) j
JOIN delivery_attempt a ON a.id = (SELECT max(x.id) FROM delivery_attempt x WHERE x.delivery_id = unhex(j.value))
