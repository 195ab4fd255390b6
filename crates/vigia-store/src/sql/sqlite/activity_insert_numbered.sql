-- With ids that are given out before: a write is alone, and what RETURNING says is handed over row by row.
INSERT INTO activity (
    id, checkpoint, tx_index, account_id, slot, digest, timestamp_ms, kind, direction, status, address,
    coin_type, amount, counterparty, contract, business_id, details, suppressed
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING
