-- What is open of a business object: until when something has to happen, and whose coins its contract holds. Null
-- once nothing is waited for.
ALTER TABLE business_object ADD COLUMN deadline_ms INTEGER;
ALTER TABLE business_object ADD COLUMN escrow_from BLOB;
ALTER TABLE business_object ADD COLUMN escrow_to BLOB;
ALTER TABLE business_object ADD COLUMN escrow_coin TEXT;
ALTER TABLE business_object ADD COLUMN escrow_amount BLOB;
CREATE INDEX business_object_from ON business_object (escrow_from) WHERE escrow_from IS NOT NULL;
CREATE INDEX business_object_to ON business_object (escrow_to) WHERE escrow_to IS NOT NULL;

-- Who takes part in objects that go through several states, in the order in which that was learnt.
CREATE TABLE business_party (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    contract   TEXT NOT NULL,
    object     TEXT NOT NULL,
    object_id  TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    UNIQUE (contract, object, object_id, account_id)
) STRICT;
CREATE INDEX business_party_account ON business_party (account_id, id);

-- What accounts ask to be paid. How far one is settled is the sum of what was paid under its id.
CREATE TABLE invoice (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      INTEGER NOT NULL REFERENCES account (id),
    contract        TEXT NOT NULL,
    object          TEXT NOT NULL,
    object_id       TEXT NOT NULL,
    address         BLOB NOT NULL,
    coin_type       TEXT NOT NULL,
    amount          BLOB NOT NULL,
    note            TEXT NOT NULL,
    due_at_ms       INTEGER,
    created_at_ms   INTEGER NOT NULL,
    cancelled_at_ms INTEGER,
    UNIQUE (account_id, contract, object, object_id)
) STRICT;
CREATE INDEX invoice_account ON invoice (account_id, id);

-- Who was made a member without a word about permissions may do all there is.
UPDATE account_member SET permissions = 'invoice notify read' WHERE permissions = 'notify read' AND source IS NULL;
