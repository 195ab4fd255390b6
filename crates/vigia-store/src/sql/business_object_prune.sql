-- An object of which no event is left is none.
DELETE FROM business_object
WHERE contract = $1 AND object = $2 AND object_id = $3 AND NOT EXISTS (
    SELECT 1
    FROM business_event e
    WHERE e.contract = $1 AND e.object = $2 AND e.object_id = $3
)
