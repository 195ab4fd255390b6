-- The bundles that devices have open, from a JSON array.
UPDATE device
SET bundle_id = decode(j.id, 'hex'), bundle_kind = j.kind, bundle_began_ms = j.began, bundle_due_ms = j.due,
    bundle_count = j.count
FROM jsonb_to_recordset($1::jsonb) AS j (device bigint, id text, kind text, began bigint, due bigint, count bigint)
WHERE device.id = j.device
