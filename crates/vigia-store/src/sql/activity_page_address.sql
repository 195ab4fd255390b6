-- As activity_page, for one address ($6).
WHERE a.address = $6 AND (a.checkpoint, a.tx_index, a.id) < ($2, $3, $4)
    AND ($1 IS NULL OR a.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $1))
ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC
LIMIT $5
