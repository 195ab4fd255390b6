-- Who holds the addresses in $1, a JSON array of hexadecimal text.
SELECT w.target, a.external_id, w.source
FROM watch w
JOIN account a ON a.id = w.account_id
WHERE w.kind = 'address' AND w.live_to IS NULL
    AND w.target IN (SELECT unhex(value) FROM json_each($1))
