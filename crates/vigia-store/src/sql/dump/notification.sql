SELECT a.checkpoint, a.tx_index, o.external_id AS account, a.slot, n.kind
FROM notification n
JOIN activity a ON a.id = n.activity_id
JOIN account o ON o.id = n.account_id
