-- Attempts of those in $1, the last $2 of each.
SELECT r.push_id AS id, r.started_at_ms, r.duration_ms, r.status, r.error, r.response_head
FROM (
    SELECT
        x.id, x.push_id, x.started_at_ms, x.duration_ms, x.status, x.error, x.response_head,
        ROW_NUMBER() OVER (PARTITION BY x.push_id ORDER BY x.id DESC) AS place
    FROM push_attempt x
    WHERE x.push_id IN (SELECT unnest($1))
) r
WHERE r.place <= $2
ORDER BY r.push_id, r.id
