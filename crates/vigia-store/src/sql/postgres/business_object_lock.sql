-- Locks objects until the end of the transaction, creating those that are new.
INSERT INTO business_object (contract, object, object_id, state, data)
VALUES ($1, $2, $3, '', 'null')
ON CONFLICT (contract, object, object_id) DO UPDATE SET state = business_object.state
