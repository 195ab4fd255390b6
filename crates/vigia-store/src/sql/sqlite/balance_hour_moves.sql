-- What moved balances above $1 and up to $2, and in which hour. One by one: SQLite cannot add up amounts.
SELECT e.address, e.coin_type, e.amount,
    coalesce(
        t.timestamp_ms,
        (
            SELECT a.timestamp_ms FROM activity a
            WHERE a.checkpoint = e.checkpoint AND a.tx_index = e.tx_index
            LIMIT 1
        ),
        0
    ) / 3600000 AS hour
FROM balance_effect e
LEFT JOIN raw_transaction t ON t.checkpoint = e.checkpoint AND t.tx_index = e.tx_index
WHERE e.checkpoint > $1 AND e.checkpoint <= $2
