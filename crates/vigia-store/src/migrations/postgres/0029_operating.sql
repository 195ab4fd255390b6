-- Which processes run, what they are built from and whether they have the same settings: written by each of itself.
CREATE TABLE process (
    holder        TEXT NOT NULL PRIMARY KEY,
    role          TEXT NOT NULL,
    version       TEXT NOT NULL,
    build         TEXT NOT NULL,
    settings      TEXT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    seen_at_ms    BIGINT NOT NULL,
    problem       TEXT
);

-- What operators were alarmed of and is not over: whoever looks next tells nobody twice.
CREATE TABLE alert (
    name       TEXT NOT NULL PRIMARY KEY,
    words      TEXT NOT NULL,
    since_ms   BIGINT NOT NULL,
    told_at_ms BIGINT NOT NULL
);
