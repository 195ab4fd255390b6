UPDATE app_user SET disabled_at_ms = NULL WHERE id = $1
