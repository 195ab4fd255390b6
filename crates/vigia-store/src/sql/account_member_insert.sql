-- With everything that vigia has a word for.
INSERT INTO account_member (account_id, user_id, permissions)
VALUES ($1, $2, 'invoice notify read webhook')
ON CONFLICT DO NOTHING
