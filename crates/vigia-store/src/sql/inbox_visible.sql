-- The position of a notification, where it is one of this user's.
SELECT n.seq
FROM notification n
WHERE n.id = $2
    AND (n.user_id = $1 OR n.account_id IN (SELECT m.account_id FROM account_told m WHERE m.user_id = $1))
