SELECT added_version AS version, CAST(1 AS BIGINT) AS added, kind, target, account_id, live_from AS effective_from, id
FROM watch
WHERE added_version > $1
UNION ALL
SELECT removed_version, 0, kind, target, account_id, live_to, id
FROM watch
WHERE removed_version > $1
ORDER BY version, id
