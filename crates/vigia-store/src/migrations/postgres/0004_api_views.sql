-- Moving up to another database: where a copy into this one stands. And what applications read that
-- share the database by SQL: the views of schema vigia_api (docs/sql-views.md).

-- Indexes are made over what is there, which may take longer than one statement otherwise may.
SET LOCAL statement_timeout = 0;

-- One row, in a database that a copy fills or has filled. While it is running nothing else may use the
-- database; the fingerprint says of which source it is a copy.
CREATE TABLE store_copy (
    singleton      BIGINT PRIMARY KEY CHECK (singleton = 1),
    source         TEXT COLLATE "C" NOT NULL,
    state          TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'finished')),
    started_at_ms  BIGINT NOT NULL,
    finished_at_ms BIGINT
);

-- By table, the key of the last row that is copied; written with the rows.
CREATE TABLE store_copy_table (
    name     TEXT COLLATE "C" PRIMARY KEY,
    last_key TEXT COLLATE "C" NOT NULL,
    copied   BIGINT NOT NULL,
    done     BIGINT NOT NULL
);

-- Asked for, since CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it is there.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'vigia_api') THEN
        CREATE SCHEMA vigia_api;
    END IF;
END $$;

-- Over the very expressions of raw_events, so that a condition on its columns finds them. A time beyond
-- the year 9999 counts as its end: an index must not make a commit fail for ever over what a chain says.
CREATE INDEX raw_transaction_sender ON raw_transaction (
    ('0x' || encode(sender, 'hex')),
    (to_timestamp(least(timestamp_ms, 253402300799999) / 1000.0::double precision))
);
CREATE INDEX raw_transaction_function ON raw_transaction (
    module,
    function,
    (to_timestamp(least(timestamp_ms, 253402300799999) / 1000.0::double precision))
) WHERE module IS NOT NULL;

CREATE VIEW vigia_api.raw_events AS
SELECT
    encode(r.digest, 'hex') AS digest,
    r.digest AS digest_bytes,
    r.checkpoint,
    r.tx_index,
    '0x' || encode(r.sender, 'hex') AS sender,
    '0x' || encode(r.package, 'hex') AS package,
    r.module,
    r.function,
    to_timestamp(least(r.timestamp_ms, 253402300799999) / 1000.0::double precision) AS block_time,
    r.processing_error IS NULL AS processed,
    jsonb_build_object(
        'epoch', r.epoch,
        'reasons', r.reasons::jsonb,
        'failure', r.failure,
        'gasCost', r.gas_cost::text,
        'processingError', r.processing_error
    ) AS data
FROM raw_transaction r;

-- Which activities are two sides of one movement. Sure where the payer's names the recipient's address;
-- where the payer paid several, the recipient's names the payer, who must then be the only one there
-- and have paid that much. Where several paid several nothing on the chain says who paid whom.
CREATE VIEW movement_pair AS
SELECT o.id AS out_id, i.id AS in_id, least(o.amount, i.amount) AS amount
FROM activity o
JOIN activity i ON i.checkpoint = o.checkpoint AND i.tx_index = o.tx_index AND i.slot = o.slot
    AND i.coin_type = o.coin_type
WHERE o.direction = 'out' AND i.direction = 'in'
    AND o.status = 'completed' AND i.status = 'completed'
    AND o.amount > 0 AND i.amount > 0
    AND (
        o.counterparty = i.address
        OR (
            o.counterparty IS NULL AND i.counterparty = o.address AND i.amount <= o.amount
            AND NOT EXISTS (
                SELECT FROM activity other
                WHERE other.checkpoint = o.checkpoint AND other.tx_index = o.tx_index
                    AND other.slot = o.slot AND other.direction = 'out' AND other.id <> o.id
            )
        )
    );

-- Movements between two accounts; what is left of a side goes to, or comes from, nobody that is watched;
-- and what an account moved between its own addresses. Summed by account they are its activities.
CREATE VIEW movement AS
SELECT p.out_id AS activity_id, o.account_id AS sender_id, o.address AS sender,
    i.account_id AS recipient_id, i.address AS recipient, p.amount
FROM movement_pair p
JOIN activity o ON o.id = p.out_id
JOIN activity i ON i.id = p.in_id
UNION ALL
SELECT o.id, o.account_id, o.address, NULL, o.counterparty, o.amount - paired.amount
FROM activity o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount), 0) AS amount FROM movement_pair p WHERE p.out_id = o.id
) paired
WHERE o.direction = 'out' AND o.status = 'completed' AND o.coin_type IS NOT NULL
    AND o.amount > paired.amount
UNION ALL
SELECT i.id, NULL, i.counterparty, i.account_id, i.address, i.amount - paired.amount
FROM activity i
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount), 0) AS amount FROM movement_pair p WHERE p.in_id = i.id
) paired
WHERE i.direction = 'in' AND i.status = 'completed' AND i.coin_type IS NOT NULL
    AND i.amount > paired.amount
UNION ALL
SELECT n.id, n.account_id, n.address, n.account_id, NULL, n.amount
FROM activity n
WHERE n.direction = 'neutral' AND n.status = 'completed' AND n.coin_type IS NOT NULL
    AND n.amount > 0 AND n.slot LIKE 'coin/%';

CREATE VIEW vigia_api.transfers AS
SELECT
    encode(a.digest, 'hex') AS digest,
    a.digest AS digest_bytes,
    a.checkpoint,
    a.tx_index,
    to_timestamp(least(a.timestamp_ms, 253402300799999) / 1000.0::double precision) AS block_time,
    a.kind,
    sender.external_id AS sender_account,
    '0x' || encode(m.sender, 'hex') AS sender_address,
    recipient.external_id AS recipient_account,
    '0x' || encode(m.recipient, 'hex') AS recipient_address,
    a.coin_type,
    coin.symbol,
    m.amount,
    coin.decimals::integer AS decimals
FROM movement m
JOIN activity a ON a.id = m.activity_id
LEFT JOIN account sender ON sender.id = m.sender_id
LEFT JOIN account recipient ON recipient.id = m.recipient_id
LEFT JOIN coin ON coin.coin_type = a.coin_type AND coin.known = 1;
