INSERT INTO announcement (
    account_id, digest, kind, direction, coin_type, amount, counterparty, note, last_epoch, wait_ms,
    announced_at_ms
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING
