-- Labels: public names of addresses that everybody deals with, set by operators. Those of the settings are
-- not here, and win.
CREATE TABLE label (
    address       BYTEA PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL,
    -- exchange, fee_collector, escrow, other
    kind          TEXT COLLATE "C" NOT NULL,
    changed_at_ms BIGINT NOT NULL
);

-- Why nobody is told of an activity, where people are of others like it: unknown_coin, dust.
ALTER TABLE activity ADD COLUMN suppressed TEXT COLLATE "C";
