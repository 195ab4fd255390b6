SELECT count(*) AS count FROM push WHERE bundle_id = $1 AND state = 'delivered'
