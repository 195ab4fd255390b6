-- What a notification is shown with; the other inbox_ files choose which. $1 is the reader, null for none; $2 up to which
-- position everything is read.
SELECT
    n.seq, n.id, n.kind, n.category, n.created_at_ms, n.activity_id, n.details,
    CAST(CASE WHEN n.seq <= $2 OR EXISTS (
        SELECT 1 FROM notification_read r WHERE r.user_id = $1 AND r.seq = n.seq
    ) THEN 1 ELSE 0 END AS BIGINT) AS is_read,
    CAST(CASE WHEN n.account_id IS NULL OR EXISTS (
        SELECT 1 FROM account_reader m WHERE m.user_id = $1 AND m.account_id = n.account_id
    ) THEN 1 ELSE 0 END AS BIGINT) AS may_read
FROM notification n
