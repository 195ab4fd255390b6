-- All events of the objects in $1, a JSON array of [contract, object, id]; objects in the order given,
-- events in chain order. SQLite only: Postgres unnests three arrays.
SELECT wanted.key AS position, e.checkpoint, e.tx_index, e.event_index, e.name, e.fields, e.digest,
    e.timestamp_ms
FROM json_each($1) wanted
JOIN business_event e ON e.contract = wanted.value ->> 0
    AND e.object = wanted.value ->> 1
    AND e.object_id = wanted.value ->> 2
ORDER BY wanted.key, e.checkpoint, e.tx_index, e.event_index
