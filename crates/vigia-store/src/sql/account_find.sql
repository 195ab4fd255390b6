SELECT id FROM account WHERE external_id = $1
