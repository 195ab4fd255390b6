INSERT INTO business_party (contract, object, object_id, account_id)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
