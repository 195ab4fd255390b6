-- Labels: public names of addresses that everybody deals with, set by operators. Those of the settings are
-- not here, and win.
CREATE TABLE label (
    address       BLOB PRIMARY KEY,
    name          TEXT NOT NULL,
    -- exchange, fee_collector, escrow, other
    kind          TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL
) STRICT;

-- Why nobody is told of an activity, where people are of others like it: unknown_coin, dust.
ALTER TABLE activity ADD COLUMN suppressed TEXT;
