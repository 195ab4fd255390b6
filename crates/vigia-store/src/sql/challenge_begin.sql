INSERT INTO wallet_challenge
    (nonce_hash, address, domain, chain, user_id, account, issued_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
