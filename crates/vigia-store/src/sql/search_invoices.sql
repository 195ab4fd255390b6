WHERE i.object_id = $1
ORDER BY i.id DESC
LIMIT $2
