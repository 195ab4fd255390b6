INSERT INTO endpoint (name, url, filter, per_second, created_at_ms, state, sequence)
VALUES ($1, $2, $3, $4, $5, 'enabled', 0)
ON CONFLICT (name) DO UPDATE
SET url = excluded.url, filter = excluded.filter, per_second = excluded.per_second,
    state = CASE WHEN endpoint.state = 'disabled' AND endpoint.url = excluded.url THEN 'disabled' ELSE 'enabled' END,
    reason = CASE WHEN endpoint.state = 'disabled' AND endpoint.url = excluded.url THEN endpoint.reason END,
    failing_since_ms = CASE WHEN endpoint.url = excluded.url THEN endpoint.failing_since_ms END
WHERE endpoint.account_id IS NULL
