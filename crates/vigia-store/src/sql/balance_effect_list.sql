-- $3 user or null for everybody: a user sees the balances of addresses that their accounts held then.
SELECT b.address, b.coin_type, b.amount
FROM balance_effect b
WHERE b.checkpoint = $1 AND b.tx_index = $2
    AND (
        $3 IS NULL
        OR EXISTS (
            SELECT 1
            FROM holding h
            JOIN account_reader m ON m.account_id = h.account_id AND m.user_id = $3
            WHERE h.address = b.address
                AND h.from_inclusive <= b.checkpoint
                AND (h.to_exclusive IS NULL OR b.checkpoint < h.to_exclusive)
        )
    )
ORDER BY b.address, b.coin_type
