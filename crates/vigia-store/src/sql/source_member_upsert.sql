-- A membership that the operator made becomes the source's, and goes with it.
INSERT INTO account_member (account_id, user_id, permissions, source)
VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, account_id) DO UPDATE SET permissions = excluded.permissions, source = excluded.source
