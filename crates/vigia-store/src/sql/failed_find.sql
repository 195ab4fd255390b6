SELECT
    checkpoint, tx_index, digest, timestamp_ms, epoch, sender, package, module, function, failure,
    gas_cost, reasons, transaction_bcs, effects_bcs, events_bcs, balance_changes, processing_error, proof,
    discarded_at_ms
FROM raw_transaction
WHERE digest = $1 AND processing_error IS NOT NULL
