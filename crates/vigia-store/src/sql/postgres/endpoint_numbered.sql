-- Gives out numbers, as many to each as $1, a JSON array, says; returns the last.
-- Rows are locked in one order everywhere, so that nobody waits for each other.
UPDATE endpoint
SET sequence = sequence + j.count
FROM (
    SELECT e.id, r.count
    FROM jsonb_to_recordset($1::jsonb) AS r (id bigint, count bigint)
    JOIN endpoint e ON e.id = r.id
    ORDER BY e.id
    FOR UPDATE OF e
) j
WHERE endpoint.id = j.id
RETURNING endpoint.id, sequence
