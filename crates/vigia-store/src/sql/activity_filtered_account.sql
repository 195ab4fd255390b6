-- As activity_page, of one account ($14), with what the filter says ($6 to $13).
WHERE a.id IN (
    SELECT x.id
    FROM activity x
    WHERE $1 IS NULL AND x.account_id = (SELECT id FROM account WHERE external_id = $14)
        AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
