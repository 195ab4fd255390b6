SELECT coalesce(max(position), 0) AS position FROM delivery_progress WHERE name = $1
