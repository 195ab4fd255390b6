-- Moving up to another database: where a copy into this one stands.
--
-- The views of schema vigia_api are Postgres' alone: a file is not shared with other applications.

-- One row, in a database that a copy fills or has filled. While it is running nothing else may use the
-- database; the fingerprint says of which source it is a copy.
CREATE TABLE store_copy (
    singleton      INTEGER PRIMARY KEY CHECK (singleton = 1),
    source         TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('running', 'finished')),
    started_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER
) STRICT;

-- By table, the key of the last row that is copied; written with the rows.
CREATE TABLE store_copy_table (
    name     TEXT PRIMARY KEY,
    last_key TEXT NOT NULL,
    copied   INTEGER NOT NULL,
    done     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
