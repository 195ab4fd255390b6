-- Following another application's list of accounts, and what members of an account may do.

-- Words, apart by spaces. Whoever was a member before may do all that vigia knows.
ALTER TABLE account_member ADD COLUMN permissions TEXT COLLATE "C" NOT NULL DEFAULT 'notify read';
-- Which source says so; null where the operator did.
ALTER TABLE account_member ADD COLUMN source TEXT COLLATE "C";
ALTER TABLE watch ADD COLUMN source TEXT COLLATE "C";

-- Whom every read of users' data asks (I-14).
CREATE VIEW account_reader AS
SELECT user_id, account_id
FROM account_member
WHERE ' ' || permissions || ' ' LIKE '% read %';

-- How following a source went last.
CREATE TABLE source (
    name             TEXT COLLATE "C" PRIMARY KEY,
    refreshed_at_ms  BIGINT,
    watch_version    BIGINT,
    fingerprint      BYTEA,
    rows_read        BIGINT NOT NULL,
    addresses        BIGINT NOT NULL,
    members          BIGINT NOT NULL,
    refused          BIGINT NOT NULL,
    failing_since_ms BIGINT,
    error            TEXT COLLATE "C"
);

-- What could not be followed then; the first thousand.
CREATE TABLE source_refusal (
    source   TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    reason   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, position)
);
