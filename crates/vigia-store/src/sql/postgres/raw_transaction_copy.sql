COPY raw_transaction (
    checkpoint, tx_index, digest, timestamp_ms, epoch, sender, package, module, function, failure,
    gas_cost, reasons, transaction_bcs, effects_bcs, events_bcs, balance_changes, processing_error, proof
)
FROM STDIN (FORMAT binary)
