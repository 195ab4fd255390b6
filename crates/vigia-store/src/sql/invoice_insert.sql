INSERT INTO invoice (
    account_id, contract, object, object_id, address, coin_type, amount, note, due_at_ms, created_at_ms
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
