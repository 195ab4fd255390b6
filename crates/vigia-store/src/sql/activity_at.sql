SELECT
    id, checkpoint, tx_index, account_id, slot, kind, direction, status, address, coin_type, amount,
    counterparty, contract, business_id, details, suppressed
FROM activity
WHERE checkpoint = $1 AND tx_index = $2
