-- As activity_page_member, with what the filter says ($6 to $13), and perhaps of one account ($14).
WHERE a.id IN (
    SELECT newest.id
    FROM account_reader m
    JOIN account own ON own.id = m.account_id AND ($14 IS NULL OR own.external_id = $14)
    CROSS JOIN LATERAL (
        SELECT x.id
        FROM activity x
        WHERE x.account_id = m.account_id AND (x.checkpoint, x.tx_index, x.id) < ($2, $3, $4)
