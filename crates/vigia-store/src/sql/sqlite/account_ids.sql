SELECT external_id, id FROM account WHERE external_id IN (SELECT value FROM json_each($1))
