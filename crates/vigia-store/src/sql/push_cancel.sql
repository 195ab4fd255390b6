UPDATE push
SET state = 'cancelled', finished_at_ms = $2, holder = NULL, claimed_until_ms = NULL, fence = fence + 1
WHERE id = $1 AND state = 'pending'
