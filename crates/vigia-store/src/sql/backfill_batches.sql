-- A batch's rows stand at the same position.
SELECT batch, CAST(count(*) AS BIGINT) AS addresses, min(from_checkpoint) AS from_checkpoint, min(position) AS position,
    max(to_exclusive) AS to_exclusive, max(reason) AS reason
FROM backfill
WHERE state = 'running'
GROUP BY batch
ORDER BY batch
LIMIT $1
