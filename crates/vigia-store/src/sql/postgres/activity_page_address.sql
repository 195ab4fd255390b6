-- As activity_page, for one address ($6): those of the accounts that held it.
WHERE a.id IN (
    SELECT newest.id
    FROM (SELECT DISTINCT account_id FROM holding WHERE address = $6) AS h
    CROSS JOIN LATERAL (
        SELECT x.id
        FROM activity x
        WHERE x.account_id = h.account_id AND x.address = $6
            AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
        ORDER BY x.checkpoint DESC, x.tx_index DESC, x.id DESC
        LIMIT $5
    ) newest
    WHERE $1 IS NULL OR h.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $1)
)
ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC
LIMIT $5
