DELETE FROM wallet_challenge WHERE user_id = $1
