-- Following another application's list of accounts, and what members of an account may do.

-- Words, apart by spaces. Whoever was a member before may do all that vigia knows.
ALTER TABLE account_member ADD COLUMN permissions TEXT NOT NULL DEFAULT 'notify read';
-- Which source says so; null where the operator did.
ALTER TABLE account_member ADD COLUMN source TEXT;
ALTER TABLE watch ADD COLUMN source TEXT;

-- Whom every read of users' data asks (I-14).
CREATE VIEW account_reader AS
SELECT user_id, account_id
FROM account_member
WHERE ' ' || permissions || ' ' LIKE '% read %';

-- How following a source went last.
CREATE TABLE source (
    name             TEXT PRIMARY KEY,
    refreshed_at_ms  INTEGER,
    watch_version    INTEGER,
    fingerprint      BLOB,
    rows_read        INTEGER NOT NULL,
    addresses        INTEGER NOT NULL,
    members          INTEGER NOT NULL,
    refused          INTEGER NOT NULL,
    failing_since_ms INTEGER,
    error            TEXT
) STRICT, WITHOUT ROWID;

-- What could not be followed then; the first thousand.
CREATE TABLE source_refusal (
    source   TEXT NOT NULL,
    position INTEGER NOT NULL,
    subject  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (source, position)
) STRICT, WITHOUT ROWID;
