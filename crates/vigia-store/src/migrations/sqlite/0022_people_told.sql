-- People are told: on their devices, as they want it, of more than activities.

-- A notification is about an activity of an account, or of itself and for one user. SQLite cannot drop a NOT NULL.
CREATE TABLE notification_wide (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB NOT NULL UNIQUE,
    activity_id   INTEGER REFERENCES activity (id),
    account_id    INTEGER REFERENCES account (id),
    kind          TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    user_id       INTEGER REFERENCES app_user (id),
    -- money, trades, invitations, security, news
    category      TEXT NOT NULL DEFAULT 'money',
    -- JSON: what its text is made of, where that is no activity.
    details       TEXT
) STRICT;
INSERT INTO notification_wide (seq, id, activity_id, account_id, kind, created_at_ms, category)
SELECT seq, id, activity_id, account_id, kind, created_at_ms, CASE
    WHEN kind LIKE 'P2P@_%' ESCAPE '@' THEN 'trades'
    WHEN kind LIKE 'SEND@_INVITATION%' ESCAPE '@' OR kind LIKE 'INVITATION%' THEN 'invitations'
    WHEN kind LIKE 'SECURITY@_%' ESCAPE '@' THEN 'security'
    ELSE 'money'
END
FROM notification;
-- Positions that were given out are never given out again.
DELETE FROM sqlite_sequence WHERE name = 'notification_wide';
INSERT INTO sqlite_sequence (name, seq) SELECT 'notification_wide', seq FROM sqlite_sequence WHERE name = 'notification';
DROP TABLE notification;
ALTER TABLE notification_wide RENAME TO notification;
CREATE INDEX notification_account ON notification (account_id, seq);
CREATE INDEX notification_user ON notification (user_id, seq) WHERE user_id IS NOT NULL;
-- Whoever is told of what happens to an account, with amounts or without.
CREATE VIEW account_told AS
SELECT user_id, account_id,
    CASE WHEN ' ' || permissions || ' ' LIKE '% read %' THEN 1 ELSE 0 END AS may_read,
    CASE WHEN ' ' || permissions || ' ' LIKE '% notify %' THEN 1 ELSE 0 END AS may_be_notified
FROM account_member
WHERE ' ' || permissions || ' ' LIKE '% read %' OR ' ' || permissions || ' ' LIKE '% notify %';

-- How a user wants to be told, and how far they have read their inbox.
CREATE TABLE user_preference (
    user_id       INTEGER PRIMARY KEY REFERENCES app_user (id),
    -- Words like push:money, apart by spaces.
    muted         TEXT NOT NULL DEFAULT '',
    time_zone     TEXT NOT NULL DEFAULT 'UTC',
    -- Minutes of the day; both or none.
    quiet_from    INTEGER,
    quiet_to      INTEGER,
    hides_amounts INTEGER NOT NULL DEFAULT 0,
    -- All notifications up to this position are read.
    read_up_to    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Those above it that are.
CREATE TABLE notification_read (
    user_id INTEGER NOT NULL REFERENCES app_user (id),
    seq     INTEGER NOT NULL,
    PRIMARY KEY (user_id, seq)
) STRICT;

CREATE TABLE device (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id          INTEGER NOT NULL REFERENCES app_user (id),
    -- fcm, apns, web
    platform         TEXT NOT NULL,
    token            TEXT NOT NULL,
    -- Blake2b of the token, which is too long for an index. Users may share a device.
    token_hash       BLOB NOT NULL,
    -- Null: the user's.
    locale           TEXT,
    app_version      TEXT NOT NULL,
    -- active, inactive
    state            TEXT NOT NULL,
    reason           TEXT,
    -- Pushes in a row that the provider refused.
    failures         INTEGER NOT NULL DEFAULT 0,
    created_at_ms    INTEGER NOT NULL,
    registered_at_ms INTEGER NOT NULL,
    delivered_at_ms  INTEGER,
    -- The open bundle.
    bundle_id        BLOB,
    bundle_kind      TEXT,
    bundle_began_ms  INTEGER,
    bundle_due_ms    INTEGER,
    bundle_count     INTEGER,
    UNIQUE (user_id, platform, token_hash)
) STRICT;
CREATE INDEX device_token ON device (token_hash);

-- One notification to one device.
CREATE TABLE push (
    id               BLOB PRIMARY KEY,
    device_id        INTEGER NOT NULL REFERENCES device (id),
    -- May be removed before.
    notification_seq INTEGER NOT NULL,
    platform         TEXT NOT NULL,
    -- 0: as it happens; 1: to many, when there is room.
    lane             INTEGER NOT NULL,
    -- The first push of those it comes together with; itself where it comes alone.
    bundle_id        BLOB NOT NULL,
    -- pending, delivered, dead, cancelled
    state            TEXT NOT NULL DEFAULT 'pending',
    attempts         INTEGER NOT NULL DEFAULT 0,
    due_at_ms        INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    finished_at_ms   INTEGER,
    holder           TEXT,
    claimed_until_ms INTEGER,
    fence            INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX push_due ON push (platform, lane, due_at_ms, id) WHERE state = 'pending';
CREATE INDEX push_holder ON push (holder) WHERE holder IS NOT NULL;
CREATE INDEX push_device ON push (device_id, created_at_ms);
CREATE INDEX push_bundle ON push (bundle_id);
CREATE INDEX push_newest ON push (created_at_ms, id);

CREATE TABLE push_attempt (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    push_id       BLOB NOT NULL REFERENCES push (id),
    started_at_ms INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    status        INTEGER,
    error         TEXT,
    response_head TEXT NOT NULL
) STRICT;
CREATE INDEX push_attempt_push ON push_attempt (push_id, id);

INSERT INTO delivery_progress (name, position) SELECT 'notification', coalesce(max(seq), 0) FROM notification;

-- What operators have to say to many, one user after the other.
CREATE TABLE broadcast (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    -- JSON: a title and a text for each language.
    texts          TEXT NOT NULL,
    -- JSON: whom it is for.
    segment        TEXT NOT NULL,
    rate_per_s     INTEGER NOT NULL,
    -- running, stopped, done
    state          TEXT NOT NULL,
    -- The last user who was looked at.
    position       INTEGER NOT NULL DEFAULT 0,
    told           INTEGER NOT NULL DEFAULT 0,
    -- Users there were when it began.
    total          INTEGER NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    stepped_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER
) STRICT;
