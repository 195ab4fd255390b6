SELECT target FROM watch WHERE kind = 'address' AND live_to IS NULL
