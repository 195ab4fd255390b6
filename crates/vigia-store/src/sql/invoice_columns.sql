-- What an invoice is shown with; the other invoice_ files choose which.
SELECT i.id, i.account_id, a.external_id, a.display_name, i.contract, i.object, i.object_id, i.address, i.coin_type,
    i.amount, i.note, i.due_at_ms, i.created_at_ms, i.cancelled_at_ms, o.data
FROM invoice i
JOIN account a ON a.id = i.account_id
LEFT JOIN business_object o
    ON o.contract = i.contract AND o.object = i.object AND o.object_id = i.object_id
