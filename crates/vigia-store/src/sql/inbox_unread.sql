-- How many a user has not read, as far as $3: $1 the user, $2 up to which position everything is read, $4 the time to be
-- after, $5 words for categories to leave out.
SELECT count(*) AS count
FROM (
    SELECT n.seq
    FROM notification n
    WHERE n.seq > $2 AND n.created_at_ms >= $4 AND $5 NOT LIKE '% ' || n.category || ' %'
        AND (n.user_id = $1 OR n.account_id IN (SELECT m.account_id FROM account_told m WHERE m.user_id = $1))
        AND NOT EXISTS (SELECT 1 FROM notification_read r WHERE r.user_id = $1 AND r.seq = n.seq)
    LIMIT $3
) unread
