SELECT contract, object, object_id, checkpoint, tx_index, event_index, name, fields, digest,
    timestamp_ms
FROM business_event
