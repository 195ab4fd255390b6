INSERT INTO watch (kind, target, account_id, live_from, added_version, source)
VALUES ($1, $2, $3, $4, $5, $6)
