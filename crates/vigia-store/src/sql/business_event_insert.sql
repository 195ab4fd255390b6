INSERT INTO business_event (
    contract, object, object_id, checkpoint, tx_index, event_index, name, fields, digest, timestamp_ms
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
