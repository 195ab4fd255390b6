-- Since when addresses in $1, a JSON array of hexadecimal text, are watched.
SELECT target, account_id, live_from FROM watch WHERE kind = 'address' AND live_to IS NULL AND target IN (SELECT unhex(value) FROM json_each($1))
