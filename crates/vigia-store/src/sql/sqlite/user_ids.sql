SELECT external_id, id FROM app_user WHERE external_id IN (SELECT value FROM json_each($1))
