-- Adds to the numbers that status shows of what was committed.
UPDATE counter
SET value = value + CASE name
    WHEN 'raw_transactions' THEN CAST($1 AS BIGINT)
    WHEN 'failed' THEN CAST($2 AS BIGINT)
    WHEN 'activities' THEN CAST($3 AS BIGINT)
    ELSE CAST($4 AS BIGINT)
END
WHERE name IN ('raw_transactions', 'failed', 'activities', 'notifications')
