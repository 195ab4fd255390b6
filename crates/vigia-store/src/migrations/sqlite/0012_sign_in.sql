-- How users show who they are. Secrets are kept as hashes alone: who reads this cannot sign in with it.

-- Whoever has no row here is a user without a password.
CREATE TABLE user_login (
    user_id       INTEGER PRIMARY KEY REFERENCES app_user (id),
    role          TEXT NOT NULL,
    -- Argon2id in the PHC string format; null: signs in by tokens alone.
    password_hash TEXT,
    changed_at_ms INTEGER NOT NULL
) STRICT;

-- A browser that is signed in.
CREATE TABLE session (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of 32 random bytes, which need no slower hash.
    secret_hash   BLOB NOT NULL UNIQUE,
    user_id       INTEGER NOT NULL REFERENCES app_user (id),
    client        TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at_ms);

-- A program that acts for a user.
CREATE TABLE api_token (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_hash   BLOB NOT NULL UNIQUE,
    user_id       INTEGER NOT NULL REFERENCES app_user (id),
    name          TEXT NOT NULL,
    scope         TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    -- Null: never. One that is taken back expires then.
    expires_at_ms INTEGER
) STRICT;

CREATE INDEX api_token_user ON api_token (user_id);
CREATE INDEX api_token_expires ON api_token (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
