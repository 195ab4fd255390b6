-- Throttled endpoints among those in $1, a JSON array; one that another process asks about in this moment is left to it.
SELECT id, per_second, taken_until_us
FROM endpoint
WHERE per_second IS NOT NULL AND id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
ORDER BY id
FOR UPDATE SKIP LOCKED
