-- Those of one user's accounts (I-14).
SELECT
    w.id, w.target, a.external_id, a.display_name,
    b.state, b.checkpoint, b.agreed_checkpoint, b.unproven, b.compared_at_ms
FROM account_reader m
JOIN account a ON a.id = m.account_id
JOIN watch w ON w.account_id = a.id
LEFT JOIN balance_address b ON b.address = w.target
WHERE m.user_id = $3 AND w.id > $1 AND w.live_to IS NULL AND w.kind = 'address'
ORDER BY w.id
LIMIT $2
