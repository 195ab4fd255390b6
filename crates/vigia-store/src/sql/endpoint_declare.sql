INSERT INTO endpoint (name, url, filter, state, sequence)
VALUES ($1, $2, $3, 'enabled', 0)
ON CONFLICT (name) DO UPDATE
SET url = excluded.url, filter = excluded.filter,
    state = CASE WHEN endpoint.state = 'disabled' AND endpoint.url = excluded.url THEN 'disabled' ELSE 'enabled' END,
    reason = CASE WHEN endpoint.state = 'disabled' AND endpoint.url = excluded.url THEN endpoint.reason END,
    failing_since_ms = CASE WHEN endpoint.url = excluded.url THEN endpoint.failing_since_ms END
