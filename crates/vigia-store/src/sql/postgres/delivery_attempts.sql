-- Attempts of those in $1, the last $2 of each.
SELECT r.delivery_id AS id, r.started_at_ms, r.duration_ms, r.status, r.error, r.response_head
FROM (
    SELECT
        x.id, x.delivery_id, x.started_at_ms, x.duration_ms, x.status, x.error, x.response_head,
        ROW_NUMBER() OVER (PARTITION BY x.delivery_id ORDER BY x.id DESC) AS place
    FROM delivery_attempt x
    WHERE x.delivery_id IN (SELECT unnest($1))
) r
WHERE r.place <= $2
ORDER BY r.delivery_id, r.id
