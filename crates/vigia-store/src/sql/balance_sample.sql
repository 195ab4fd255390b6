-- By watch, so that whoever is new comes last.
SELECT w.id, w.target
FROM watch w
JOIN balance_address b ON b.address = w.target AND b.state = 'known'
WHERE w.id > $1 AND w.kind = 'address' AND w.live_to IS NULL
ORDER BY w.id
LIMIT $2
