-- Receivers of webhooks.
CREATE TABLE endpoint (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL UNIQUE,
    url              TEXT NOT NULL,
    -- JSON: kinds, accounts, coins, minimum_units
    filter           TEXT NOT NULL,
    -- enabled, disabled, removed
    state            TEXT NOT NULL,
    reason           TEXT,
    -- The number of its last delivery.
    sequence         INTEGER NOT NULL,
    failing_since_ms INTEGER
) STRICT;

-- Up to which activity deliveries are made. The row is also the lock of whoever makes them.
CREATE TABLE delivery_progress (
    name     TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT;
INSERT INTO delivery_progress (name, position) SELECT 'activity', coalesce(max(id), 0) FROM activity;

-- What an endpoint is told. The activity may be withdrawn by a correction, so nothing refers to it.
CREATE TABLE delivery (
    id               BLOB PRIMARY KEY,
    endpoint_id      INTEGER NOT NULL REFERENCES endpoint (id),
    sequence         INTEGER NOT NULL,
    activity_id      INTEGER NOT NULL,
    -- pending, delivered, dead, cancelled
    state            TEXT NOT NULL DEFAULT 'pending',
    attempts         INTEGER NOT NULL DEFAULT 0,
    due_at_ms        INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    finished_at_ms   INTEGER,
    -- Who tries it, until when, and how often it was taken.
    holder           TEXT,
    claimed_until_ms INTEGER,
    fence            INTEGER NOT NULL DEFAULT 0,
    UNIQUE (endpoint_id, sequence)
) STRICT;
CREATE INDEX delivery_due ON delivery (endpoint_id, due_at_ms, sequence) WHERE state = 'pending';
CREATE INDEX delivery_holder ON delivery (holder) WHERE holder IS NOT NULL;
CREATE INDEX delivery_newest ON delivery (created_at_ms, id);

CREATE TABLE delivery_attempt (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id   BLOB NOT NULL REFERENCES delivery (id),
    started_at_ms INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    status        INTEGER,
    error         TEXT,
    response_head TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id, id);
