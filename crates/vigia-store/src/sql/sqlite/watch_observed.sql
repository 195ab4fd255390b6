-- Who observes the contracts and coins in $1, a JSON array of canonical text.
SELECT w.kind, w.target, a.external_id
FROM watch w
LEFT JOIN account a ON a.id = w.account_id
WHERE w.kind <> 'address' AND w.live_to IS NULL
    AND w.target IN (SELECT CAST(value AS BLOB) FROM json_each($1))
