UPDATE broadcast
SET position = $2, told = told + $3, stepped_at_ms = $4,
    state = CASE WHEN $5 = 1 THEN 'done' ELSE state END,
    finished_at_ms = CASE WHEN $5 = 1 THEN $6 END
WHERE id = $1
