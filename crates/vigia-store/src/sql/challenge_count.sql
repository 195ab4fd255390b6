SELECT COUNT(*) AS challenges FROM wallet_challenge
