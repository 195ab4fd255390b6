DELETE FROM api_token WHERE user_id = $1
