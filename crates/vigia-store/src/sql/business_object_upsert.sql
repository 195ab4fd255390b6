INSERT INTO business_object (contract, object, object_id, state, data)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, object, object_id) DO UPDATE
SET state = excluded.state, data = excluded.data
