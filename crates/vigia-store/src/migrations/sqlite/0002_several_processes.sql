-- Several processes on one database: leases, schedules, what is set aside.

-- One row: the schema's version, and the oldest one whose binaries can still use it.
CREATE TABLE schema_info (
    singleton       INTEGER PRIMARY KEY CHECK (singleton = 1),
    version         INTEGER NOT NULL,
    compatible_from INTEGER NOT NULL
) STRICT;

-- Raw transactions below this checkpoint were cleaned up and are not stored again (I-2).
ALTER TABLE chain ADD COLUMN retention_horizon INTEGER;

-- Who may do what only one may do at a time (I-9). Times are the database's own clock, which is the one
-- that all processes share.
CREATE TABLE lease (
    name          TEXT PRIMARY KEY,
    fence         INTEGER NOT NULL,
    holder        TEXT,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages that are too large for their broker, by the digest of their bytes. A message that names one
-- may come again, so they are removed by age.
CREATE TABLE message_blob (
    id            TEXT PRIMARY KEY,
    bytes         BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX message_blob_age ON message_blob (created_at_ms);

-- Messages of a broker that nobody can read, for a person to look at.
CREATE TABLE message_set_aside (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    transport TEXT NOT NULL,
    reason    TEXT NOT NULL,
    bytes     BLOB NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;

-- What comparing the watch list in memory with the table has shown, by poller.
CREATE TABLE watch_reconciliation (
    holder  TEXT PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    extra   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
