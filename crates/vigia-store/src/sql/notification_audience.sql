-- Users who have any of the notifications above $1 and up to $2 in their inbox.
SELECT user_id
FROM notification
WHERE seq > $1 AND seq <= $2 AND user_id IS NOT NULL
UNION
SELECT m.user_id
FROM notification n
JOIN account_told m ON m.account_id = n.account_id
WHERE n.seq > $1 AND n.seq <= $2
