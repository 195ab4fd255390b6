SELECT external_id, kind, display_name FROM account
