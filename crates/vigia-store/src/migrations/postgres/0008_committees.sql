-- Committees by which checkpoints are proven, each verified before it was written.

CREATE TABLE committee (
    epoch          BIGINT PRIMARY KEY,
    committee_bcs  BYTEA NOT NULL,
    -- The certified summary that announced it. Null: a trust root, which is believed.
    summary_bcs    BYTEA,
    source         TEXT NOT NULL,
    recorded_at_ms BIGINT NOT NULL
);
