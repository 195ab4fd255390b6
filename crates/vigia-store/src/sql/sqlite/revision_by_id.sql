-- Corrections whose ids are in $1, a JSON array.
SELECT id, checkpoint, tx_index, account_id, slot, before, after, reason, at_ms
FROM activity_revision
WHERE id IN (SELECT value FROM json_each($1))
