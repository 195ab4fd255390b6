-- As business_page, for one user: the newest of each of their accounts, then the newest of those. An object of
-- several of them is listed once.
SELECT p.id, o.contract, o.object, o.object_id, o.state, o.data, o.deadline_ms, o.escrow_from, o.escrow_to,
    o.escrow_coin, o.escrow_amount
FROM business_party p
JOIN business_object o
    ON o.contract = p.contract AND o.object = p.object AND o.object_id = p.object_id
WHERE p.id IN (
    SELECT newest.id
    FROM account_reader m
    JOIN business_party newest ON newest.id IN (
        SELECT x.id
        FROM business_party x
        WHERE x.account_id = m.account_id AND x.id < $1 AND NOT EXISTS (
            SELECT 1
            FROM business_party q
            JOIN account_reader r ON r.account_id = q.account_id AND r.user_id = $3
            WHERE q.contract = x.contract AND q.object = x.object AND q.object_id = x.object_id AND q.id < x.id
        )
        ORDER BY x.id DESC
        LIMIT $2
    )
    WHERE m.user_id = $3
)
ORDER BY p.id DESC
LIMIT $2
