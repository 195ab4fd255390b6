WHERE ($1 IS NULL OR d.user_id = $1) AND d.id > $2
ORDER BY d.id
LIMIT $3
