-- Balances: what a node said at a checkpoint, and from then on what transactions did (balance_effect). A
-- balance is their sum, made on reading, so that it moves in the very commit that moves it, and once.

-- One row for each address whose balance is kept, or is to be.
CREATE TABLE balance_address (
    address         BLOB PRIMARY KEY,
    -- waiting, known, differs
    state           TEXT NOT NULL,
    -- Through which checkpoint the amounts below are true; null while waiting. A coin without a row had
    -- nothing then.
    checkpoint      INTEGER,
    -- Comparisons in a row that found a difference.
    doubts          INTEGER NOT NULL,
    compared_at_ms  INTEGER,
    retry_at_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX balance_address_waiting ON balance_address (retry_at_ms) WHERE state = 'waiting';
CREATE INDEX balance_address_doubted ON balance_address (retry_at_ms) WHERE doubts > 0;

CREATE TABLE balance_amount (
    address    BLOB NOT NULL,
    coin_type  TEXT NOT NULL,
    amount     BLOB NOT NULL,
    -- What a node had more than this when they were compared last; null: nothing.
    difference BLOB,
    PRIMARY KEY (address, coin_type)
) STRICT;

-- What somebody added to a balance by hand, so that it agrees with the node's.
CREATE TABLE balance_adjustment (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    address    BLOB NOT NULL,
    coin_type  TEXT NOT NULL,
    amount     BLOB NOT NULL,
    checkpoint INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    author     TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT;

-- How far lists that are gone through again and again are: watches that have a row above, by id.
CREATE TABLE balance_progress (
    name     TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT;

-- Days are counted from 1970, in UTC.
CREATE TABLE balance_usage (
    day      INTEGER PRIMARY KEY,
    requests INTEGER NOT NULL
) STRICT;

-- What transactions did to an address, from a checkpoint on.
CREATE INDEX balance_effect_address ON balance_effect (address, checkpoint);
