-- Epochs of the chain, and activities found by their transaction.

-- The index is made over what is there, which may take longer than one statement otherwise may.
SET LOCAL statement_timeout = 0;

-- As a full node tells of them. Null: not known, or, for an end, still to come.
CREATE TABLE epoch (
    epoch               BIGINT PRIMARY KEY,
    start_ms            BIGINT,
    end_ms              BIGINT,
    first_checkpoint    BIGINT,
    last_checkpoint     BIGINT,
    reference_gas_price BIGINT,
    protocol_version    BIGINT,
    committee_members   BIGINT,
    recorded_at_ms      BIGINT NOT NULL
);

-- What a transaction meant is found by its digest when its evidence is gone. Eight bytes tell digests
-- apart, and keep small what every commit adds to.
CREATE INDEX activity_digest ON activity (substr(digest, 1, 8));
