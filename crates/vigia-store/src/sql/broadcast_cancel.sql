-- Pushes of a broadcast, whose notifications have the details $1, that are not sent yet.
UPDATE push SET state = 'cancelled', finished_at_ms = $2, holder = NULL, claimed_until_ms = NULL, fence = fence + 1
WHERE state = 'pending' AND lane = 1
    AND notification_seq IN (SELECT seq FROM notification WHERE kind = 'BROADCAST' AND details = $1)
