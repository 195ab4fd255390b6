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
