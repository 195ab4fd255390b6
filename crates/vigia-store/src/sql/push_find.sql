WHERE p.id = $1
