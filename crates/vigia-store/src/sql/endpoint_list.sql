SELECT e.id, e.name, e.url, e.filter, e.state, e.reason, e.sequence, e.failing_since_ms, e.label, e.secrets, e.per_second, e.created_at_ms, e.account_id, a.external_id AS account_external_id
FROM endpoint e
LEFT JOIN account a ON a.id = e.account_id
ORDER BY e.id
