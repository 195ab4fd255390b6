-- $1 user or null for everybody; $2 id to stay above; $3 rows at most.
WHERE $1 IS NULL AND a.id > $2
ORDER BY a.id
LIMIT $3
