-- Corrections after id $1 of what endpoints may have been told, $2 at most: what is new is told as any other activity.
SELECT r.id, r.checkpoint, r.tx_index, r.account_id, r.slot, r.before, r.after, r.reason, r.at_ms, r.activity_id,
    a.external_id AS account_external_id
FROM activity_revision r
JOIN account a ON a.id = r.account_id
WHERE r.id > $1
ORDER BY r.id
LIMIT $2
