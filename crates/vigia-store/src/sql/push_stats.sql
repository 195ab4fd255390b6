-- How the newest $2 attempts went, those since $1, by platform. Of n in order the one at ceil(n * share) is the percentile.
WITH newest AS (
    SELECT push_id, started_at_ms, duration_ms, error FROM push_attempt ORDER BY id DESC LIMIT $2
), taken AS (
    SELECT d.platform, a.duration_ms AS took_ms, a.error,
        CASE
            WHEN a.error IS NULL AND d.state = 'delivered' AND d.finished_at_ms > d.created_at_ms
                THEN d.finished_at_ms - d.created_at_ms
            -- Processes' clocks may differ.
            WHEN a.error IS NULL AND d.state = 'delivered' THEN 0
        END AS received_ms
    FROM newest a
    JOIN push d ON d.id = a.push_id
    WHERE a.started_at_ms >= $1
), ranked AS (
    SELECT platform, took_ms, error, received_ms,
        count(*) OVER (PARTITION BY platform) AS all_taken,
        row_number() OVER (PARTITION BY platform ORDER BY took_ms) AS took_rank,
        count(received_ms) OVER (PARTITION BY platform) AS all_received,
        row_number() OVER (PARTITION BY platform ORDER BY received_ms NULLS LAST) AS received_rank
    FROM taken
)
SELECT platform, count(*) AS attempts, count(CASE WHEN error IS NULL THEN 1 END) AS succeeded,
    max(CASE WHEN took_rank = (all_taken * 50 + 99) / 100 THEN took_ms END) AS attempt_p50_ms,
    max(CASE WHEN took_rank = (all_taken * 99 + 99) / 100 THEN took_ms END) AS attempt_p99_ms,
    max(CASE WHEN received_rank = (all_received * 50 + 99) / 100 THEN received_ms END) AS received_p50_ms,
    max(CASE WHEN received_rank = (all_received * 99 + 99) / 100 THEN received_ms END) AS received_p99_ms
FROM ranked
GROUP BY platform
ORDER BY platform
