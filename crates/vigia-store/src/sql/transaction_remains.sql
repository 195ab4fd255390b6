-- $2 are the first bytes of digest $1; $3 user or null for everybody, who sees it as raw_transaction
-- says. All activities of a transaction have one place and time.
SELECT t.checkpoint, t.tx_index, t.timestamp_ms
FROM activity t
WHERE substr(t.digest, 1, 8) = $2 AND t.digest = $1
    AND (
        $3 IS NULL
        OR EXISTS (
            SELECT 1
            FROM activity a
            JOIN account_reader m ON m.account_id = a.account_id AND m.user_id = $3
            WHERE a.checkpoint = t.checkpoint AND a.tx_index = t.tx_index
        )
        OR EXISTS (
            SELECT 1
            FROM balance_effect b
            JOIN holding h ON h.address = b.address
                AND h.from_inclusive <= b.checkpoint
                AND (h.to_exclusive IS NULL OR b.checkpoint < h.to_exclusive)
            JOIN account_reader m ON m.account_id = h.account_id AND m.user_id = $3
            WHERE b.checkpoint = t.checkpoint AND b.tx_index = t.tx_index
        )
    )
LIMIT 1
