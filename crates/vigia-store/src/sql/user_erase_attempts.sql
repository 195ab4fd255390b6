DELETE FROM push_attempt WHERE push_id IN (SELECT p.id FROM push p JOIN device d ON d.id = p.device_id WHERE d.user_id = $1)
