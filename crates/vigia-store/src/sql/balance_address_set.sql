INSERT INTO balance_address (
    address, state, checkpoint, agreed_checkpoint, doubts, compared_at_ms, retry_at_ms, unproven
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (address) DO UPDATE SET
    state = excluded.state, checkpoint = excluded.checkpoint,
    agreed_checkpoint = excluded.agreed_checkpoint, doubts = excluded.doubts,
    compared_at_ms = excluded.compared_at_ms, retry_at_ms = excluded.retry_at_ms,
    unproven = excluded.unproven
