-- Objects with the id $2 of the kinds in $1, a JSON array of [contract, object]. For a user ($3), as business_find.
-- Postgres only: SQLite takes JSON apart by other functions.
SELECT CAST(0 AS BIGINT) AS id, o.contract, o.object, o.object_id, o.state, o.data, o.deadline_ms, o.escrow_from, o.escrow_to,
    o.escrow_coin, o.escrow_amount
FROM jsonb_array_elements($1::jsonb) AS wanted (value)
JOIN business_object o ON o.contract = wanted.value ->> 0 AND o.object = wanted.value ->> 1 AND o.object_id = $2
WHERE $3 IS NULL
    OR EXISTS (
        SELECT 1
        FROM business_event e
        JOIN activity a ON a.checkpoint = e.checkpoint AND a.tx_index = e.tx_index
        JOIN account_reader m ON m.account_id = a.account_id
        WHERE e.contract = o.contract AND e.object = o.object AND e.object_id = o.object_id
            AND a.contract = o.contract AND a.business_id = o.object_id AND m.user_id = $3
    )
ORDER BY o.contract, o.object
LIMIT $4
