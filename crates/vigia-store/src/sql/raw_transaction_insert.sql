INSERT INTO raw_transaction (
    checkpoint, tx_index, digest, timestamp_ms, epoch, sender, package, module, function, failure,
    gas_cost, reasons, transaction_bcs, effects_bcs, events_bcs, balance_changes, processing_error, proof
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING
