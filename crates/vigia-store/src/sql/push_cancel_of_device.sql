-- What waits for a device that is told nothing more.
UPDATE push SET state = 'cancelled', finished_at_ms = $1, holder = NULL, claimed_until_ms = NULL, fence = fence + 1
WHERE state = 'pending' AND device_id = $2 AND EXISTS (SELECT 1 FROM device d WHERE d.id = $2 AND d.state = 'inactive')
