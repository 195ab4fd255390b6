SELECT
    checkpoint, tx_index, digest, timestamp_ms, epoch, sender, package, module, function, failure,
    gas_cost, reasons, transaction_bcs, effects_bcs, events_bcs, balance_changes, processing_error, proof
FROM raw_transaction
WHERE (checkpoint, tx_index) > ($1, $2) AND checkpoint <= $3
ORDER BY checkpoint, tx_index
LIMIT $4
