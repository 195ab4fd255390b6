-- Every row as one line of text without what depends on when and in which order it was written:
-- surrogate keys (accounts appear by their external id), times of writing, the provider's report.
SELECT 'chain ' || json_array(hex(chain_id), first_checkpoint) AS line FROM chain
UNION ALL
SELECT 'range ' || json_array(lane, lo, hi, hex(hi_digest), hi_timestamp_ms) FROM ingest_range
UNION ALL
SELECT 'user ' || json_array(external_id, display_name, locale) FROM app_user
UNION ALL
SELECT 'account ' || json_array(external_id, kind, display_name) FROM account
UNION ALL
SELECT 'member ' || json_array(a.external_id, u.external_id)
FROM account_member m
JOIN account a ON a.id = m.account_id
JOIN app_user u ON u.id = m.user_id
UNION ALL
SELECT 'watch ' || json_array(w.kind, hex(w.target), a.external_id, w.live_from, w.live_to,
    w.added_version, w.removed_version)
FROM watch w
LEFT JOIN account a ON a.id = w.account_id
UNION ALL
SELECT 'version ' || json_array(version, effective_from) FROM watch_log
UNION ALL
SELECT 'raw ' || json_array(checkpoint, tx_index, hex(digest), timestamp_ms, epoch, hex(sender),
    hex(package), module, function, failure, hex(gas_cost), reasons, hex(transaction_bcs),
    hex(effects_bcs), hex(events_bcs), hex(balance_changes), processing_error)
FROM raw_transaction
UNION ALL
SELECT 'balance ' || json_array(checkpoint, tx_index, hex(address), coin_type, hex(amount))
FROM balance_effect
UNION ALL
SELECT 'activity ' || json_array(a.checkpoint, a.tx_index, o.external_id, a.slot, hex(a.digest),
    a.timestamp_ms, a.kind, a.direction, a.status, hex(a.address), a.coin_type, hex(a.amount),
    hex(a.counterparty), a.contract, a.business_id, a.details)
FROM activity a
JOIN account o ON o.id = a.account_id
UNION ALL
SELECT 'event ' || json_array(contract, object, object_id, checkpoint, tx_index, event_index, name,
    fields, hex(digest), timestamp_ms)
FROM business_event
UNION ALL
SELECT 'object ' || json_array(contract, object, object_id, state, data) FROM business_object
UNION ALL
SELECT 'notification ' || json_array(a.checkpoint, a.tx_index, o.external_id, a.slot, n.kind)
FROM notification n
JOIN activity a ON a.id = n.activity_id
JOIN account o ON o.id = n.account_id
UNION ALL
SELECT 'coin ' || json_array(coin_type, known, decimals, symbol, name) FROM coin
UNION ALL
SELECT 'counter ' || json_array(name, value) FROM counter
ORDER BY 1
