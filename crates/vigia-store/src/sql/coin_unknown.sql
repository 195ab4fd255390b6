SELECT coin_type FROM coin WHERE known = 0 ORDER BY coin_type LIMIT $1
