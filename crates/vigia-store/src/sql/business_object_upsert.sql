INSERT INTO business_object (
    contract, object, object_id, state, data, deadline_ms, escrow_from, escrow_to, escrow_coin, escrow_amount
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (contract, object, object_id) DO UPDATE
SET state = excluded.state, data = excluded.data, deadline_ms = excluded.deadline_ms,
    escrow_from = excluded.escrow_from, escrow_to = excluded.escrow_to, escrow_coin = excluded.escrow_coin,
    escrow_amount = excluded.escrow_amount
