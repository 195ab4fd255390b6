-- With ids that were taken before: a copy returns none.
COPY activity (
    id, checkpoint, tx_index, account_id, slot, digest, timestamp_ms, kind, direction, status, address,
    coin_type, amount, counterparty, contract, business_id, details, suppressed
)
FROM STDIN (FORMAT binary)
