-- Corrections of what transactions were said to mean: what was there, what is there now, and why. Each row
-- is the event activity.corrected, for whoever follows them by id; activities as JSON.
CREATE TABLE activity_revision (
    id         INTEGER PRIMARY KEY,
    checkpoint INTEGER NOT NULL,
    tx_index   INTEGER NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    slot       TEXT NOT NULL,
    -- Null where there was no activity, or is none any more.
    before     TEXT,
    after      TEXT,
    reason     TEXT NOT NULL,
    at_ms      INTEGER NOT NULL
) STRICT;

CREATE INDEX activity_revision_activity ON activity_revision (checkpoint, tx_index, account_id);

-- Events of a transaction, whatever object they are of.
CREATE INDEX business_event_place ON business_event (checkpoint, tx_index);
