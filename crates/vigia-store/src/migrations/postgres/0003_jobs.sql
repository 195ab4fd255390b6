-- Jobs: when they are due, and what became of transactions that could not be interpreted.

-- One row per job. Whoever sets next_at_ms from a tick to the one after fires it, so one process does;
-- until it says how it went the job is unfinished, and another takes it over once its lease ran out.
CREATE TABLE job_schedule (
    name                TEXT COLLATE "C" PRIMARY KEY,
    pattern             TEXT COLLATE "C" NOT NULL,
    time_zone           TEXT COLLATE "C" NOT NULL,
    missed              TEXT COLLATE "C" NOT NULL CHECK (missed IN ('skip', 'once', 'all')),
    paused              BIGINT NOT NULL,
    next_at_ms          BIGINT,
    last_at_ms          BIGINT,
    unfinished          BIGINT NOT NULL,
    fence               BIGINT,
    last_finished_at_ms BIGINT,
    last_result         TEXT COLLATE "C",
    last_error          TEXT COLLATE "C"
);

-- When somebody decided that a failed transaction needs nothing any more.
ALTER TABLE raw_transaction ADD COLUMN discarded_at_ms BIGINT;

CREATE INDEX raw_transaction_failed ON raw_transaction (checkpoint, tx_index)
    WHERE processing_error IS NOT NULL;
