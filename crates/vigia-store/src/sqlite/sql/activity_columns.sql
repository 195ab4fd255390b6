-- What an activity is shown with; the other activity_ files and notification_ files choose which.
-- The counterparty's name is that of the account which held its address then, by the rule of
-- vigia_core::AddressBook: a first holding also covers the history before it.
SELECT
    a.id, a.checkpoint, a.tx_index, a.account_id, a.slot, a.digest, a.timestamp_ms, a.kind,
    a.direction, a.status, a.address, a.coin_type, a.amount, a.counterparty, a.contract,
    a.business_id, a.details,
    holder.external_id AS account_external_id,
    holder.kind AS account_kind,
    holder.display_name AS account_display_name,
    coin.decimals AS coin_decimals,
    coin.symbol AS coin_symbol,
    coin.name AS coin_name,
    (
        SELECT other.display_name
        FROM watch w
        JOIN account other ON other.id = w.account_id
        WHERE w.kind = 'address' AND w.live_to IS NULL AND w.target = a.counterparty
            AND (w.live_from <= a.checkpoint OR NOT EXISTS (
                SELECT 1 FROM watch ended
                WHERE ended.kind = 'address' AND ended.live_to > ended.live_from
                    AND ended.target = a.counterparty
            ))
        UNION ALL
        SELECT other.display_name
        FROM watch w
        JOIN account other ON other.id = w.account_id
        WHERE w.kind = 'address' AND w.live_to > a.checkpoint
            AND w.live_to > w.live_from AND w.target = a.counterparty
            AND (w.live_from <= a.checkpoint OR NOT EXISTS (
                SELECT 1 FROM watch earlier
                WHERE earlier.kind = 'address' AND earlier.live_to > earlier.live_from
                    AND earlier.target = a.counterparty AND earlier.live_from < w.live_from
            ))
        LIMIT 1
    ) AS counterparty_name
