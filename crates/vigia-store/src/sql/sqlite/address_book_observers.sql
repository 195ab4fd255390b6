-- Accounts observing the contracts and coins in $1, a JSON array of canonical text.
SELECT CAST(target AS TEXT) AS target, account_id
FROM watch
WHERE kind <> 'address' AND live_to IS NULL AND account_id IS NOT NULL
    AND target IN (SELECT CAST(value AS BLOB) FROM json_each($1))
ORDER BY id
