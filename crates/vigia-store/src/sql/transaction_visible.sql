-- Goes on after a WHERE over t, which has a transaction's place: $2 user or null for everybody. A user
-- sees a transaction where it did something to an account of theirs (I-14).
    AND (
        $2 IS NULL
        OR EXISTS (
            SELECT 1
            FROM activity a
            JOIN account_reader m ON m.account_id = a.account_id AND m.user_id = $2
            WHERE a.checkpoint = t.checkpoint AND a.tx_index = t.tx_index
        )
        OR EXISTS (
            SELECT 1
            FROM balance_effect b
            JOIN holding h ON h.address = b.address
                AND h.from_inclusive <= b.checkpoint
                AND (h.to_exclusive IS NULL OR b.checkpoint < h.to_exclusive)
            JOIN account_reader m ON m.account_id = h.account_id AND m.user_id = $2
            WHERE b.checkpoint = t.checkpoint AND b.tx_index = t.tx_index
        )
    )
