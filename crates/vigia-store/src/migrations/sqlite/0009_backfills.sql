-- The history of watched addresses below the checkpoint from which they are live, and imports of
-- ranges that were begun.

-- One row a watch of an address. Rows of one batch are read together and stand at the same position.
-- A million come at once, so they have one index beside the key, and no foreign key: a row is made from
-- its watch in one statement, and no watch is ever deleted.
CREATE TABLE backfill (
    watch_id        INTEGER PRIMARY KEY,
    state           TEXT NOT NULL,
    batch           INTEGER,
    from_checkpoint INTEGER,
    position        INTEGER,
    to_exclusive    INTEGER,
    complete_from   INTEGER,
    reason          TEXT,
    requests        INTEGER NOT NULL,
    retry_at_ms     INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL
) STRICT;

-- What is to do, in the order in which it is done, and how many rows are in which state.
CREATE INDEX backfill_state ON backfill (state, batch, watch_id);

-- An account's addresses, for its members.
CREATE INDEX watch_account ON watch (account_id) WHERE live_to IS NULL;

-- Days are counted from 1970, in UTC.
CREATE TABLE backfill_usage (
    day      INTEGER PRIMARY KEY,
    requests INTEGER NOT NULL
) STRICT;

-- An import of a range that has not come to its end; what is below position is done.
CREATE TABLE backfill_range (
    from_checkpoint INTEGER NOT NULL,
    to_checkpoint   INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    last_digest     BLOB,
    watch_version   INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (from_checkpoint, to_checkpoint)
) STRICT, WITHOUT ROWID;
