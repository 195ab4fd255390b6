SELECT position FROM balance_progress WHERE name = $1
