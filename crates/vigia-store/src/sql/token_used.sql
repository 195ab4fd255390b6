UPDATE api_token SET used_at_ms = $2 WHERE secret_hash = $1
