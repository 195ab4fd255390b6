-- How the newest $2 attempts went, those since $1, by endpoint_id. Of n in order the one at ceil(n * share) is the percentile.
WITH newest AS (
    SELECT delivery_id, started_at_ms, duration_ms, error FROM delivery_attempt ORDER BY id DESC LIMIT $2
), taken AS (
    SELECT d.endpoint_id, a.duration_ms AS took_ms, a.error,
        CASE
            WHEN a.error IS NULL AND d.state = 'delivered' AND d.finished_at_ms > d.created_at_ms
                THEN d.finished_at_ms - d.created_at_ms
            -- Processes' clocks may differ.
            WHEN a.error IS NULL AND d.state = 'delivered' THEN 0
        END AS received_ms
    FROM newest a
    JOIN delivery d ON d.id = a.delivery_id
    WHERE a.started_at_ms >= $1
), ranked AS (
    SELECT endpoint_id, took_ms, error, received_ms,
        count(*) OVER (PARTITION BY endpoint_id) AS all_taken,
        row_number() OVER (PARTITION BY endpoint_id ORDER BY took_ms) AS took_rank,
        count(received_ms) OVER (PARTITION BY endpoint_id) AS all_received,
        row_number() OVER (PARTITION BY endpoint_id ORDER BY received_ms NULLS LAST) AS received_rank
    FROM taken
)
SELECT endpoint_id, count(*) AS attempts, count(CASE WHEN error IS NULL THEN 1 END) AS succeeded,
    max(CASE WHEN took_rank = (all_taken * 50 + 99) / 100 THEN took_ms END) AS attempt_p50_ms,
    max(CASE WHEN took_rank = (all_taken * 99 + 99) / 100 THEN took_ms END) AS attempt_p99_ms,
    max(CASE WHEN received_rank = (all_received * 50 + 99) / 100 THEN received_ms END) AS received_p50_ms,
    max(CASE WHEN received_rank = (all_received * 99 + 99) / 100 THEN received_ms END) AS received_p99_ms
FROM ranked
GROUP BY endpoint_id
ORDER BY endpoint_id
