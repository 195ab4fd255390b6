DELETE FROM push WHERE device_id IN (SELECT id FROM device WHERE user_id = $1)
