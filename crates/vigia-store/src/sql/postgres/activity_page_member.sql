-- As activity_page, for one user; what activities are taken from rather than what follows their WHERE. The newest of each of
-- their accounts, then the newest of those, so that the cost is bounded by accounts and page, not by how much an account ever
-- did. Rows are taken whole: finding each again by its id costs more than reading a page of every account.
SELECT newest.*
FROM account_reader m
CROSS JOIN LATERAL (
    SELECT *
    FROM activity x
    WHERE x.account_id = m.account_id AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
    ORDER BY x.checkpoint DESC, x.tx_index DESC, x.id DESC
    LIMIT $5
) newest
WHERE m.user_id = $1
ORDER BY newest.checkpoint DESC, newest.tx_index DESC, newest.id DESC
LIMIT $5
