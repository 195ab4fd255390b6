DELETE FROM api_token WHERE expires_at_ms < $1
