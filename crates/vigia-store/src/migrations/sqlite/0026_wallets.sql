-- What wallets were asked to sign, while that is open: each is taken once, by whichever process gets the signature.
CREATE TABLE wallet_challenge (
    -- SHA-256 of the nonce, 32 random bytes.
    nonce_hash    BLOB PRIMARY KEY,
    address       BLOB NOT NULL,
    domain        TEXT NOT NULL,
    chain         TEXT NOT NULL,
    -- Who wants the address watched for which account; null: to sign in.
    user_id       INTEGER,
    account       TEXT,
    issued_at_ms  INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX wallet_challenge_expires ON wallet_challenge (expires_at_ms);
