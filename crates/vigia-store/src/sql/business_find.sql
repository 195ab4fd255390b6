-- For a user, where one of their accounts has an activity of one of its events.
SELECT CAST(0 AS BIGINT) AS id, o.contract, o.object, o.object_id, o.state, o.data, o.deadline_ms, o.escrow_from, o.escrow_to,
    o.escrow_coin, o.escrow_amount
FROM business_object o
WHERE o.contract = $1 AND o.object = $2 AND o.object_id = $3
    AND (
        $4 IS NULL
        OR EXISTS (
            SELECT 1
            FROM business_event e
            JOIN activity a ON a.checkpoint = e.checkpoint AND a.tx_index = e.tx_index
            JOIN account_reader m ON m.account_id = a.account_id
            WHERE e.contract = $1 AND e.object = $2 AND e.object_id = $3
                AND a.contract = $1 AND a.business_id = $3 AND m.user_id = $4
        )
    )
