SELECT a.checkpoint, a.tx_index, o.external_id AS account, a.slot, a.digest, a.timestamp_ms, a.kind,
    a.direction, a.status, a.address, a.coin_type, a.amount, a.counterparty, a.contract, a.business_id,
    a.details, a.suppressed
FROM activity a
JOIN account o ON o.id = a.account_id
