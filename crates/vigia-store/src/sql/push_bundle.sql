-- What was told of a bundle before: the last $2 of it.
SELECT notification_seq FROM push WHERE bundle_id = $1 AND state = 'delivered' ORDER BY notification_seq DESC LIMIT $2
