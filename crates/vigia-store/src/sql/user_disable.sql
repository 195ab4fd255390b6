UPDATE app_user SET disabled_at_ms = coalesce(disabled_at_ms, $2) WHERE id = $1
