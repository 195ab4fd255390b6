-- Every holding of the addresses in $1, one that was given up before any checkpoint being none; and the
-- accounts observing the contracts and coins in $2, an array of canonical text. Postgres takes arrays where
-- SQLite takes JSON.
SELECT NULL AS observed, target, account_id, live_from, live_to, id
FROM watch
WHERE kind = 'address' AND (live_to IS NULL OR live_to > live_from) AND target = ANY ($1)
UNION ALL
SELECT convert_from(target, 'UTF8'), NULL, account_id, NULL, NULL, id
FROM watch
WHERE kind <> 'address' AND live_to IS NULL AND account_id IS NOT NULL
    AND target = ANY (SELECT convert_to(unnest($2::text[]), 'UTF8'))
ORDER BY id
