UPDATE delivery_progress SET position = $1 WHERE name = $2
