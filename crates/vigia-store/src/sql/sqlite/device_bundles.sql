-- The bundles that devices have open, from a JSON array.
UPDATE device
SET bundle_id = unhex(j.value ->> 'id'), bundle_kind = j.value ->> 'kind', bundle_began_ms = j.value ->> 'began',
    bundle_due_ms = j.value ->> 'due', bundle_count = j.value ->> 'count'
FROM json_each($1) j
WHERE device.id = j.value ->> 'device'
