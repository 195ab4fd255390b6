-- Each object once, by the first of its parties that was learnt of.
SELECT p.id, o.contract, o.object, o.object_id, o.state, o.data, o.deadline_ms, o.escrow_from, o.escrow_to,
    o.escrow_coin, o.escrow_amount
FROM business_party p
JOIN business_object o
    ON o.contract = p.contract AND o.object = p.object AND o.object_id = p.object_id
WHERE p.id < $1 AND NOT EXISTS (
    SELECT 1
    FROM business_party q
    WHERE q.contract = p.contract AND q.object = p.object AND q.object_id = p.object_id AND q.id < p.id
)
ORDER BY p.id DESC
LIMIT $2
