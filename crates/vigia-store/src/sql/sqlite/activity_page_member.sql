-- A list that follows the accounts: SQLite looks it up row by row; Postgres would walk the whole table, and has LATERAL.
-- As activity_page, for one user: the newest of each of their accounts, then the newest of those, so
-- that the cost is bounded by accounts and page, not by how much an account ever did.
WHERE a.id IN (
    SELECT newest.id
    FROM account_reader m
    JOIN activity newest ON newest.id IN (
        SELECT x.id
        FROM activity x
        WHERE x.account_id = m.account_id AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
        ORDER BY x.checkpoint DESC, x.tx_index DESC, x.id DESC
        LIMIT $5
    )
    WHERE m.user_id = $1
)
ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC
LIMIT $5
