DELETE FROM activity WHERE id = $1
