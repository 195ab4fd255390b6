DELETE FROM notification WHERE activity_id = $1
