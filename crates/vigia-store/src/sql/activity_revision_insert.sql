INSERT INTO activity_revision (
    checkpoint, tx_index, account_id, slot, before, after, reason, at_ms, activity_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
