-- $1 user or null for everybody; $2 position to stay below; $3 rows at most.
WHERE $1 IS NULL AND n.seq < $2
ORDER BY n.seq DESC
LIMIT $3
