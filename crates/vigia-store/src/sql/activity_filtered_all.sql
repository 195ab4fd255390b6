-- As activity_page, with what the filter says ($6 to $13).
WHERE a.id IN (
    SELECT x.id
    FROM activity x
    WHERE $1 IS NULL AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
