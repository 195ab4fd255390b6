-- Everything vigia keeps, in SQLite.
--
-- Conventions: digests and addresses are 32-byte blobs; money is the i128 with its sign bit flipped,
-- 16 bytes big endian, so that blobs compare as the numbers do (I-12); u64 columns are range-checked
-- into 63 bits by the writer; times are milliseconds since 1970; STRICT tables refuse anything else.

-- One row: which chain this is and where its live lane begins.
CREATE TABLE chain (
    singleton        INTEGER PRIMARY KEY CHECK (singleton = 1),
    chain_id         BLOB,
    first_checkpoint INTEGER
) STRICT;

-- Completed checkpoints of a lane, both ends inclusive, never touching one another. The watermark is
-- not stored: it is the end of the live range that holds first_checkpoint, so the two cannot differ.
CREATE TABLE ingest_range (
    lane            TEXT NOT NULL CHECK (lane IN ('live', 'import')),
    lo              INTEGER NOT NULL,
    hi              INTEGER NOT NULL CHECK (hi >= lo),
    hi_digest       BLOB NOT NULL,
    hi_timestamp_ms INTEGER NOT NULL,
    PRIMARY KEY (lane, lo)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_report (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    url       TEXT NOT NULL,
    tip       INTEGER,
    error     TEXT,
    at_ms     INTEGER NOT NULL
) STRICT;

-- Called app_user because user is a reserved word in Postgres.
CREATE TABLE app_user (
    id            INTEGER PRIMARY KEY,
    external_id   TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    locale        TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    id            INTEGER PRIMARY KEY,
    external_id   TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE account_member (
    user_id    INTEGER NOT NULL REFERENCES app_user (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (user_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_member_account ON account_member (account_id);

-- One row per span over which a target is watched; ended rows stay, so that the past keeps its holder.
CREATE TABLE watch (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    target          BLOB NOT NULL,
    account_id      INTEGER REFERENCES account (id),
    live_from       INTEGER NOT NULL,
    live_to         INTEGER,
    added_version   INTEGER NOT NULL,
    removed_version INTEGER
) STRICT;

-- An address has one holder at a time: live rows of a target share the 0, ended ones have their id. One
-- index both keeps that and finds the rows of a target, which matters when a million come at once.
CREATE UNIQUE INDEX watch_address
    ON watch (target, CASE WHEN live_to IS NULL THEN 0 ELSE id END)
    WHERE kind = 'address';
-- A contract or coin may be observed by several accounts.
CREATE UNIQUE INDEX watch_contract_live ON watch (target, kind, ifnull(account_id, 0))
    WHERE kind <> 'address' AND live_to IS NULL;
CREATE INDEX watch_added ON watch (added_version);
CREATE INDEX watch_removed ON watch (removed_version) WHERE removed_version IS NOT NULL;

-- Who held which address when, by the rule of vigia_core::AddressBook: the first holding also covers
-- the history before it, and one given up before any checkpoint is none.
CREATE VIEW holding AS
SELECT
    w.target AS address,
    w.account_id,
    CASE WHEN EXISTS (
        SELECT 1
        FROM watch earlier
        WHERE earlier.kind = 'address' AND earlier.target = w.target
            AND earlier.live_from < w.live_from AND earlier.live_to > earlier.live_from
    ) THEN w.live_from ELSE 0 END AS from_inclusive,
    w.live_to AS to_exclusive
FROM watch w
WHERE w.kind = 'address' AND (w.live_to IS NULL OR w.live_to > w.live_from);

-- The change log that a commit is checked against (I-7): one row per version.
CREATE TABLE watch_log (
    version        INTEGER PRIMARY KEY,
    effective_from INTEGER NOT NULL,
    at_ms          INTEGER NOT NULL
) STRICT;

CREATE TABLE raw_transaction (
    checkpoint       INTEGER NOT NULL,
    tx_index         INTEGER NOT NULL,
    digest           BLOB NOT NULL,
    timestamp_ms     INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    sender           BLOB NOT NULL,
    package          BLOB,
    module           TEXT,
    function         TEXT,
    failure          TEXT,
    gas_cost         BLOB NOT NULL,
    reasons          TEXT NOT NULL,
    transaction_bcs  BLOB NOT NULL,
    effects_bcs      BLOB NOT NULL,
    events_bcs       BLOB,
    balance_changes  BLOB NOT NULL,
    processing_error TEXT,
    PRIMARY KEY (checkpoint, tx_index)
) STRICT;

CREATE INDEX raw_transaction_digest ON raw_transaction (digest);

CREATE TABLE balance_effect (
    checkpoint INTEGER NOT NULL,
    tx_index   INTEGER NOT NULL,
    address    BLOB NOT NULL,
    coin_type  TEXT NOT NULL,
    amount     BLOB NOT NULL,
    PRIMARY KEY (checkpoint, tx_index, address, coin_type)
) STRICT, WITHOUT ROWID;

-- Digest and time stand here too: activities outlive raw transactions.
CREATE TABLE activity (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    checkpoint   INTEGER NOT NULL,
    tx_index     INTEGER NOT NULL,
    account_id   INTEGER NOT NULL REFERENCES account (id),
    slot         TEXT NOT NULL,
    digest       BLOB NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    direction    TEXT NOT NULL,
    status       TEXT NOT NULL,
    address      BLOB,
    coin_type    TEXT,
    amount       BLOB,
    counterparty BLOB,
    contract     TEXT,
    business_id  TEXT,
    details      TEXT NOT NULL,
    UNIQUE (checkpoint, tx_index, account_id, slot)
) STRICT;

-- One for pages in chain order, one (it ends in the id) for what is new.
CREATE INDEX activity_account ON activity (account_id, checkpoint, tx_index);
CREATE INDEX activity_account_new ON activity (account_id);
CREATE INDEX activity_address ON activity (address, checkpoint, tx_index)
    WHERE address IS NOT NULL;

CREATE TABLE business_event (
    contract     TEXT NOT NULL,
    object       TEXT NOT NULL,
    object_id    TEXT NOT NULL,
    checkpoint   INTEGER NOT NULL,
    tx_index     INTEGER NOT NULL,
    event_index  INTEGER NOT NULL,
    name         TEXT NOT NULL,
    fields       TEXT NOT NULL,
    digest       BLOB NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    PRIMARY KEY (contract, object, object_id, checkpoint, tx_index, event_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE business_object (
    contract  TEXT NOT NULL,
    object    TEXT NOT NULL,
    object_id TEXT NOT NULL,
    state     TEXT NOT NULL,
    data      TEXT NOT NULL,
    PRIMARY KEY (contract, object, object_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notification (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB NOT NULL UNIQUE,
    activity_id   INTEGER NOT NULL REFERENCES activity (id),
    account_id    INTEGER NOT NULL REFERENCES account (id),
    kind          TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX notification_account ON notification (account_id, seq);

-- A coin type appears here with its first activity and is known once a node has told about it.
CREATE TABLE coin (
    coin_type TEXT PRIMARY KEY,
    known     INTEGER NOT NULL,
    decimals  INTEGER,
    symbol    TEXT NOT NULL,
    name      TEXT NOT NULL
) STRICT;

CREATE INDEX coin_unknown ON coin (coin_type) WHERE known = 0;

-- What `status` shows, kept by the transactions that change it: COUNT reads a whole index, which at
-- millions of rows is no glance any more. There is one writer, so nobody queues for these rows.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES
    ('raw_transactions', 0),
    ('activities', 0),
    ('notifications', 0),
    ('failed', 0),
    ('watched_addresses', 0);
