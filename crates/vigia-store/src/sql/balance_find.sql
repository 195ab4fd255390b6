SELECT
    w.id, w.target, a.external_id, a.display_name,
    b.state, b.checkpoint, b.agreed_checkpoint, b.unproven, b.compared_at_ms
FROM watch w
JOIN account a ON a.id = w.account_id
LEFT JOIN balance_address b ON b.address = w.target
WHERE w.target = $1 AND w.live_to IS NULL AND w.kind = 'address'
