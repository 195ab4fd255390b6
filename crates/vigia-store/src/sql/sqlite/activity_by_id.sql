-- Those whose ids are in $1, a JSON array.
WHERE a.id IN (SELECT value FROM json_each($1))
