-- What applications announced, and what the chain did of it: the other announcement_ files choose which. $1 is the
-- checkpoint of the watermark. What landed is known by what it meant for the account, else by its evidence.
SELECT n.id, n.digest, n.kind, n.direction, n.coin_type, n.amount, n.counterparty, n.note, n.last_epoch, n.wait_ms,
    n.announced_at_ms, holder.external_id, holder.display_name,
    COALESCE(
        (
            SELECT MAX(CAST(CASE WHEN a.status = 'completed' THEN 1 ELSE 0 END AS BIGINT))
            FROM activity a
            WHERE substr(a.digest, 1, 8) = substr(n.digest, 1, 8) AND a.digest = n.digest
                AND a.account_id = n.account_id
        ),
        (
            SELECT CAST(CASE WHEN t.failure IS NULL THEN 1 ELSE 0 END AS BIGINT)
            FROM raw_transaction t
            WHERE t.digest = n.digest
        )
    ) AS landed,
    CAST(CASE WHEN EXISTS (
        SELECT 1 FROM epoch e WHERE e.epoch = n.last_epoch AND e.last_checkpoint <= $1
    ) THEN 1 ELSE 0 END AS BIGINT) AS is_over
FROM announcement n
JOIN account holder ON holder.id = n.account_id
