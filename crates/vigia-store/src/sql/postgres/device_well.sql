-- Devices in $1, a JSON array, took what was pushed. Rows are locked in one order everywhere, so that nobody waits for each other.
UPDATE device SET failures = 0, delivered_at_ms = $2
WHERE id IN (
    SELECT d.id FROM device d WHERE d.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) ORDER BY d.id FOR UPDATE
)
