-- That of one address ($1), where it is of an account of the user ($2), or for everybody.
SELECT
    w.id, w.target, a.external_id, a.display_name,
    b.state, b.checkpoint, b.agreed_checkpoint, b.unproven, b.compared_at_ms
FROM watch w
JOIN account a ON a.id = w.account_id
LEFT JOIN balance_address b ON b.address = w.target
WHERE w.kind = 'address' AND w.target = $1 AND w.live_to IS NULL
    AND ($2 IS NULL OR w.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $2))
