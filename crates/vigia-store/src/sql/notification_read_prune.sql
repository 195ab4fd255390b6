DELETE FROM notification_read WHERE user_id = $1 AND seq <= $2
