-- How processes find the providers they read from, and what was asked of each in a day.

CREATE TABLE provider_state (
    holder     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    position   INTEGER NOT NULL,
    url        TEXT NOT NULL,
    is_current INTEGER NOT NULL,
    is_usable  INTEGER NOT NULL,
    standing   TEXT NOT NULL,
    tip        INTEGER,
    lowest     INTEGER,
    latency_ms INTEGER,
    serves     TEXT,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (holder, provider)
) STRICT, WITHOUT ROWID;

-- Days are counted from 1970, in UTC.
CREATE TABLE provider_usage (
    day      INTEGER NOT NULL,
    provider TEXT NOT NULL,
    requests INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (day, provider)
) STRICT, WITHOUT ROWID;
