SELECT w.target, a.external_id, w.source
FROM watch w
JOIN account a ON a.id = w.account_id
WHERE w.kind = 'address' AND w.live_to IS NULL
