-- Those in $1, a JSON array, are told no more.
UPDATE endpoint SET state = 'disabled', reason = $2 WHERE id IN (SELECT value FROM json_each($1)) AND state = 'enabled'
RETURNING id
