-- All that share the token of device $1 and were not registered after $2.
UPDATE device SET state = 'inactive', reason = $3
WHERE state = 'active' AND registered_at_ms <= $2
    AND (platform, token_hash) = (SELECT d.platform, d.token_hash FROM device d WHERE d.id = $1)
