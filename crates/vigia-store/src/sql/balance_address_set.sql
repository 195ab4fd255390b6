INSERT INTO balance_address (address, state, checkpoint, doubts, compared_at_ms, retry_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (address) DO UPDATE SET
    state = excluded.state, checkpoint = excluded.checkpoint, doubts = excluded.doubts,
    compared_at_ms = excluded.compared_at_ms, retry_at_ms = excluded.retry_at_ms
