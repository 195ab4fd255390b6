-- The row stays, with nothing of the person in it: its key is never another's.
UPDATE app_user SET external_id = $2, display_name = '', locale = 'es', disabled_at_ms = $3 WHERE id = $1
