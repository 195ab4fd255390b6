UPDATE watch SET live_to = $3, removed_version = $4
WHERE kind = 'address' AND target = $2 AND account_id = $1 AND live_to IS NULL AND source IS NULL
