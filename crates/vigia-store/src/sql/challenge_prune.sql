DELETE FROM wallet_challenge WHERE expires_at_ms <= $1
