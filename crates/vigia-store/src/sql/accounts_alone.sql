-- Accounts of which a user is the only member.
SELECT m.account_id, a.external_id
FROM account_member m
JOIN account a ON a.id = m.account_id
WHERE m.user_id = $1 AND NOT EXISTS (
    SELECT 1 FROM account_member other WHERE other.account_id = m.account_id AND other.user_id <> $1
)
