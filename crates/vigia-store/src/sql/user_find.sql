SELECT id, external_id, display_name, locale FROM app_user WHERE external_id = $1
