DELETE FROM user_preference WHERE user_id = $1
