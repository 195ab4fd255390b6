DELETE FROM wallet_challenge
WHERE nonce_hash = $1 AND expires_at_ms > $2
RETURNING address, domain, chain, user_id, account, issued_at_ms, expires_at_ms
