-- Transactions that an application has submitted: shown to their account until they land, and then their note.
CREATE TABLE announcement (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      INTEGER NOT NULL REFERENCES account (id),
    digest          BLOB NOT NULL,
    kind            TEXT NOT NULL,
    direction       TEXT NOT NULL,
    coin_type       TEXT,
    amount          BLOB,
    counterparty    BLOB,
    note            TEXT NOT NULL,
    -- The last epoch in which the transaction may be executed, where it says one.
    last_epoch      INTEGER,
    wait_ms         INTEGER NOT NULL,
    announced_at_ms INTEGER NOT NULL,
    UNIQUE (digest, account_id)
) STRICT;
CREATE INDEX announcement_account ON announcement (account_id, id);

-- Activities with an amount that could not be told: beyond what is counted in, or of a coin code that nobody declared.
INSERT INTO counter (name, value) VALUES ('unread', 0);
