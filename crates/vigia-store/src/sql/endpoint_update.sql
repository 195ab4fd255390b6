-- One of an account's. At another address it begins anew.
UPDATE endpoint
SET url = $2, filter = $3, per_second = $4, label = $5,
    state = CASE WHEN state = 'disabled' AND url = $2 THEN 'disabled' ELSE 'enabled' END,
    reason = CASE WHEN state = 'disabled' AND url = $2 THEN reason END,
    failing_since_ms = CASE WHEN url = $2 THEN failing_since_ms END
WHERE name = $1 AND account_id IS NOT NULL AND state <> 'removed'
