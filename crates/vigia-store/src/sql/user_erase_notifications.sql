DELETE FROM notification WHERE user_id = $1
