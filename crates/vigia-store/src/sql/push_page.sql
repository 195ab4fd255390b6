-- $1 state, null for any; $2 and $3 time and id to stay below; $4 rows at most.
WHERE ($1 IS NULL OR p.state = $1) AND (p.created_at_ms, p.id) < ($2, $3)
ORDER BY p.created_at_ms DESC, p.id DESC
LIMIT $4
