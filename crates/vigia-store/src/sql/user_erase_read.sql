DELETE FROM notification_read WHERE user_id = $1
