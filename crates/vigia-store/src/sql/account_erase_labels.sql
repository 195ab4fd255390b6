-- What operators call its addresses.
DELETE FROM label WHERE address IN (SELECT target FROM watch WHERE kind = 'address' AND account_id = $1)
