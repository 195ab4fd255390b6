-- Epochs of the chain, and activities found by their transaction.

-- As a full node tells of them. Null: not known, or, for an end, still to come.
CREATE TABLE epoch (
    epoch               INTEGER PRIMARY KEY,
    start_ms            INTEGER,
    end_ms              INTEGER,
    first_checkpoint    INTEGER,
    last_checkpoint     INTEGER,
    reference_gas_price INTEGER,
    protocol_version    INTEGER,
    committee_members   INTEGER,
    recorded_at_ms      INTEGER NOT NULL
) STRICT;

-- What a transaction meant is found by its digest when its evidence is gone. Eight bytes tell digests
-- apart, and keep small what every commit adds to.
CREATE INDEX activity_digest ON activity (substr(digest, 1, 8));
