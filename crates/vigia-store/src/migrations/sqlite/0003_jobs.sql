-- Jobs: when they are due, and what became of transactions that could not be interpreted.

-- One row per job. Whoever sets next_at_ms from a tick to the one after fires it, so one process does;
-- until it says how it went the job is unfinished, and another takes it over once its lease ran out.
CREATE TABLE job_schedule (
    name                TEXT PRIMARY KEY,
    pattern             TEXT NOT NULL,
    time_zone           TEXT NOT NULL,
    missed              TEXT NOT NULL CHECK (missed IN ('skip', 'once', 'all')),
    paused              INTEGER NOT NULL,
    next_at_ms          INTEGER,
    last_at_ms          INTEGER,
    unfinished          INTEGER NOT NULL,
    fence               INTEGER,
    last_finished_at_ms INTEGER,
    last_result         TEXT,
    last_error          TEXT
) STRICT, WITHOUT ROWID;

-- When somebody decided that a failed transaction needs nothing any more.
ALTER TABLE raw_transaction ADD COLUMN discarded_at_ms INTEGER;

CREATE INDEX raw_transaction_failed ON raw_transaction (checkpoint, tx_index)
    WHERE processing_error IS NOT NULL;
