SELECT external_id, display_name, locale FROM app_user
