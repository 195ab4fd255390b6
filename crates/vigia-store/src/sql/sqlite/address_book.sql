-- Every holding of the addresses in $1, a JSON array of hexadecimal text, one that was given up before any
-- checkpoint being none; and the accounts observing the contracts and coins in $2, a JSON array of canonical
-- text. SQLite only: Postgres takes arrays.
SELECT NULL AS observed, target, account_id, live_from, live_to, id
FROM watch
WHERE kind = 'address' AND (live_to IS NULL OR live_to > live_from)
    AND target IN (SELECT unhex(value) FROM json_each($1))
UNION ALL
SELECT CAST(target AS TEXT), NULL, account_id, NULL, NULL, id
FROM watch
WHERE kind <> 'address' AND live_to IS NULL AND account_id IS NOT NULL
    AND target IN (SELECT CAST(value AS BLOB) FROM json_each($2))
ORDER BY id
