SELECT id FROM activity WHERE id >= $1
