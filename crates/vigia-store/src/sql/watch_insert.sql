INSERT INTO watch (kind, target, account_id, live_from, added_version)
VALUES ($1, $2, $3, $4, $5)
