-- Which of the targets in $1, an array of keys, user $2 may know to be watched: those of their
-- accounts, and contracts and coins watched for nobody in particular. Two halves, so that each uses
-- its index.
SELECT w.target
FROM watch w
WHERE w.kind = 'address' AND w.live_to IS NULL AND w.target = ANY ($1)
    AND w.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $2)
UNION ALL
SELECT w.target
FROM watch w
WHERE w.kind <> 'address' AND w.live_to IS NULL AND w.target = ANY ($1)
    AND (
        w.account_id IS NULL
        OR w.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $2)
    )
