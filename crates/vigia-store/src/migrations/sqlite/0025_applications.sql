-- Applications say who their users are, and what they and operators did is remembered.

-- Null: they may sign in and are told.
ALTER TABLE app_user ADD COLUMN disabled_at_ms INTEGER;

-- What operators and applications did, to be looked up.
CREATE TABLE action_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    -- External id of a user; empty: whoever is at the machine.
    actor   TEXT NOT NULL,
    -- graphql, page, command
    way     TEXT NOT NULL,
    action  TEXT NOT NULL,
    -- JSON: what it was done to.
    subject TEXT NOT NULL,
    -- Null: it was done. What went wrong otherwise.
    problem TEXT
) STRICT;
CREATE INDEX action_log_at ON action_log (at_ms);
