-- What wallets were asked to sign, while that is open: each is taken once, by whichever process gets the signature.
CREATE TABLE wallet_challenge (
    -- SHA-256 of the nonce, 32 random bytes.
    nonce_hash    BYTEA PRIMARY KEY,
    address       BYTEA NOT NULL,
    domain        TEXT COLLATE "C" NOT NULL,
    chain         TEXT COLLATE "C" NOT NULL,
    -- Who wants the address watched for which account; null: to sign in.
    user_id       BIGINT,
    account       TEXT COLLATE "C",
    issued_at_ms  BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);

CREATE INDEX wallet_challenge_expires ON wallet_challenge (expires_at_ms);
