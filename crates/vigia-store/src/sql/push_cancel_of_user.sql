-- What waits for devices of a user who is told nothing more.
UPDATE push SET state = 'cancelled', finished_at_ms = $1, holder = NULL, claimed_until_ms = NULL, fence = fence + 1
WHERE state = 'pending' AND device_id IN (SELECT id FROM device WHERE user_id = $2)
