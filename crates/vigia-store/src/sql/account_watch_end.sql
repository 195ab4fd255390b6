-- Those that a source names stay until it names them no more.
UPDATE watch SET live_to = $2, removed_version = $3 WHERE account_id = $1 AND live_to IS NULL AND source IS NULL RETURNING kind
