SELECT b.state, b.checkpoint, b.agreed_checkpoint, b.doubts, b.unproven, w.live_from
FROM watch w
LEFT JOIN balance_address b ON b.address = w.target
WHERE w.kind = 'address' AND w.live_to IS NULL AND w.target = $1
