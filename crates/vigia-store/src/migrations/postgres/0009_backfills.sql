-- The history of watched addresses below the checkpoint from which they are live, and imports of
-- ranges that were begun.

-- One row a watch of an address. Rows of one batch are read together and stand at the same position.
-- A million come at once, so they have one index beside the key, and no foreign key: a row is made from
-- its watch in one statement, and no watch is ever deleted.
CREATE TABLE backfill (
    watch_id        BIGINT PRIMARY KEY,
    state           TEXT COLLATE "C" NOT NULL,
    batch           BIGINT,
    from_checkpoint BIGINT,
    position        BIGINT,
    to_exclusive    BIGINT,
    complete_from   BIGINT,
    reason          TEXT COLLATE "C",
    requests        BIGINT NOT NULL,
    retry_at_ms     BIGINT NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    changed_at_ms   BIGINT NOT NULL
);

-- What is to do, in the order in which it is done, and how many rows are in which state.
CREATE INDEX backfill_state ON backfill (state, batch, watch_id);

-- An account's addresses, for its members.
CREATE INDEX watch_account ON watch (account_id) WHERE live_to IS NULL;

-- Days are counted from 1970, in UTC.
CREATE TABLE backfill_usage (
    day      BIGINT PRIMARY KEY,
    requests BIGINT NOT NULL
);

-- An import of a range that has not come to its end; what is below position is done.
CREATE TABLE backfill_range (
    from_checkpoint BIGINT NOT NULL,
    to_checkpoint   BIGINT NOT NULL,
    position        BIGINT NOT NULL,
    last_digest     BYTEA,
    watch_version   BIGINT NOT NULL,
    changed_at_ms   BIGINT NOT NULL,
    PRIMARY KEY (from_checkpoint, to_checkpoint)
);
