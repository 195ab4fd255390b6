SELECT id, checkpoint, tx_index, account_id, slot, before, after, reason, at_ms
FROM activity_revision
WHERE id > $1
ORDER BY id
LIMIT $2
