-- Several processes on one database: leases, schedules, what is set aside.

-- Raw transactions below this checkpoint were cleaned up and are not stored again (I-2).
ALTER TABLE chain ADD COLUMN retention_horizon BIGINT;

-- Who may do what only one may do at a time (I-9). Times are the database's own clock, which is the one
-- that all processes share.
CREATE TABLE lease (
    name          TEXT COLLATE "C" PRIMARY KEY,
    fence         BIGINT NOT NULL,
    holder        TEXT COLLATE "C",
    expires_at_ms BIGINT NOT NULL
);
