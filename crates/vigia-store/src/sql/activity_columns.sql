-- What an activity is shown with; the other activity_ files and notification_ files choose which.
-- The counterparty's name is that of the account which held its address then; its label is today's.
SELECT
    a.id, a.checkpoint, a.tx_index, a.account_id, a.slot, a.digest, a.timestamp_ms, a.kind,
    a.direction, a.status, a.address, a.coin_type, a.amount, a.counterparty, a.contract,
    a.business_id, a.details, a.suppressed,
    holder.external_id AS account_external_id,
    holder.kind AS account_kind,
    holder.display_name AS account_display_name,
    coin.decimals AS coin_decimals,
    coin.symbol AS coin_symbol,
    coin.name AS coin_name,
    coin.icon_url AS coin_icon_url,
    label.name AS label_name,
    label.kind AS label_kind,
    (
        SELECT other.display_name
        FROM holding h
        JOIN account other ON other.id = h.account_id
        WHERE h.address = a.counterparty
            AND h.from_inclusive <= a.checkpoint
            AND (h.to_exclusive IS NULL OR a.checkpoint < h.to_exclusive)
    ) AS counterparty_name,
    (
        SELECT n.note FROM announcement n WHERE n.digest = a.digest AND n.account_id = a.account_id
    ) AS note
