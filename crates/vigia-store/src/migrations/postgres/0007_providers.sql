-- How processes find the providers they read from, and what was asked of each in a day.

CREATE TABLE provider_state (
    holder     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    position   BIGINT NOT NULL,
    url        TEXT NOT NULL,
    is_current BIGINT NOT NULL,
    is_usable  BIGINT NOT NULL,
    standing   TEXT NOT NULL,
    tip        BIGINT,
    lowest     BIGINT,
    latency_ms BIGINT,
    serves     TEXT,
    at_ms      BIGINT NOT NULL,
    PRIMARY KEY (holder, provider)
);

-- Days are counted from 1970, in UTC.
CREATE TABLE provider_usage (
    day      BIGINT NOT NULL,
    provider TEXT NOT NULL,
    requests BIGINT NOT NULL,
    bytes    BIGINT NOT NULL,
    PRIMARY KEY (day, provider)
);
