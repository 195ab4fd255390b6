UPDATE device
SET failures = failures + 1,
    reason = CASE WHEN failures + 1 >= $2 AND state = 'active' THEN $3 ELSE reason END,
    state = CASE WHEN failures + 1 >= $2 THEN 'inactive' ELSE state END
WHERE id = $1
