-- As activity_page, for one place ($6, $7) and perhaps one address ($8).
WHERE a.checkpoint = $6 AND a.tx_index = $7 AND (a.checkpoint, a.tx_index, a.id) < ($2, $3, $4)
    AND ($8 IS NULL OR a.address = $8)
    AND ($1 IS NULL OR a.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $1))
ORDER BY a.id DESC
LIMIT $5
