-- $3 user or null for everybody: a user sees the balances of addresses their accounts hold.
SELECT b.address, b.coin_type, b.amount
FROM balance_effect b
WHERE b.checkpoint = $1 AND b.tx_index = $2
    AND (
        $3 IS NULL
        OR EXISTS (
            SELECT 1
            FROM watch w
            JOIN account_member m ON m.account_id = w.account_id AND m.user_id = $3
            WHERE w.kind = 'address' AND w.live_to IS NULL AND w.target = b.address
        )
    )
ORDER BY b.address, b.coin_type
