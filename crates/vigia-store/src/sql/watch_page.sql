SELECT w.id, w.kind, w.target, w.live_from, w.source, a.external_id, a.display_name
FROM watch w
LEFT JOIN account a ON a.id = w.account_id
WHERE w.id > $1 AND w.live_to IS NULL
ORDER BY w.id
LIMIT $2
