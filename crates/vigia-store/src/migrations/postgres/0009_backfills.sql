-- The history of watched addresses below the checkpoint from which they are live, and imports of
-- ranges that were begun.

-- One row a watch of an address. Rows of one batch are read together and stand at the same position.
CREATE TABLE backfill (
    watch_id        BIGINT PRIMARY KEY REFERENCES watch (id),
    state           TEXT NOT NULL,
    batch           BIGINT,
    from_checkpoint BIGINT,
    position        BIGINT,
    to_exclusive    BIGINT,
    complete_from   BIGINT,
    reason          TEXT,
    requests        BIGINT NOT NULL,
    retry_at_ms     BIGINT NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    changed_at_ms   BIGINT NOT NULL
);

CREATE INDEX backfill_waiting ON backfill (watch_id) WHERE state = 'waiting';
CREATE INDEX backfill_running ON backfill (batch, watch_id) WHERE state = 'running';
CREATE INDEX backfill_state ON backfill (state);

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
