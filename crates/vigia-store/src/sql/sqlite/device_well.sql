-- Devices in $1, a JSON array, took what was pushed.
UPDATE device SET failures = 0, delivered_at_ms = $2 WHERE id IN (SELECT value FROM json_each($1))
