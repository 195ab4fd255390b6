-- All events of the objects in $1, a JSON array of [contract, object, id]; objects in the order given,
-- events in chain order. JSON is taken apart by other functions than in SQLite.
SELECT wanted.position - 1 AS position, e.checkpoint, e.tx_index, e.event_index, e.name, e.fields,
    e.digest, e.timestamp_ms
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS wanted (value, position)
JOIN business_event e ON e.contract = wanted.value ->> 0
    AND e.object = wanted.value ->> 1
    AND e.object_id = wanted.value ->> 2
ORDER BY wanted.position, e.checkpoint, e.tx_index, e.event_index
