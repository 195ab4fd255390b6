UPDATE watch SET live_to = $2, removed_version = $3
WHERE kind = 'address' AND target = $1 AND live_to IS NULL
