-- Committees by which checkpoints are proven, each verified before it was written.

CREATE TABLE committee (
    epoch          INTEGER PRIMARY KEY,
    committee_bcs  BLOB NOT NULL,
    -- The certified summary that announced it. Null: a trust root, which is believed.
    summary_bcs    BLOB,
    source         TEXT NOT NULL,
    recorded_at_ms INTEGER NOT NULL
) STRICT;
