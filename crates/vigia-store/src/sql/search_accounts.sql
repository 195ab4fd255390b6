SELECT external_id, kind, display_name
FROM account
WHERE external_id >= $1 AND external_id < $2
ORDER BY external_id
LIMIT $3
