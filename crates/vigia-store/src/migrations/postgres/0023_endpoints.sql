-- Endpoints of accounts beside the operator's; replays behind what happens; corrections and tests as events.

-- Null: the operator's, from the settings.
ALTER TABLE endpoint ADD COLUMN account_id BIGINT REFERENCES account (id);
ALTER TABLE endpoint ADD COLUMN label TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Signing keys, encrypted; the operator's are in files.
ALTER TABLE endpoint ADD COLUMN secrets TEXT COLLATE "C";
-- Attempts in a second, of all processes together; null: as many as there are.
ALTER TABLE endpoint ADD COLUMN per_second BIGINT;
-- Up to when attempts are taken, in microseconds since 1970 (a generic cell rate algorithm).
ALTER TABLE endpoint ADD COLUMN taken_until_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN created_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX endpoint_account ON endpoint (account_id) WHERE account_id IS NOT NULL;

-- 0: as it happens; 1: again, when there is room.
ALTER TABLE delivery ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
-- created, corrected, withdrawn, test
ALTER TABLE delivery ADD COLUMN event TEXT COLLATE "C" NOT NULL DEFAULT 'created';
ALTER TABLE delivery ADD COLUMN revision_id BIGINT;
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (endpoint_id, lane, due_at_ms, sequence) WHERE state = 'pending';
-- Whoever holds claims names them: what changes with each claim is in no index.
DROP INDEX delivery_holder;
DROP INDEX push_holder;
-- Few of many, which people look for.
CREATE INDEX delivery_dead ON delivery (created_at_ms, id) WHERE state = 'dead';
CREATE INDEX push_dead ON push (created_at_ms, id) WHERE state = 'dead';

ALTER TABLE activity_revision ADD COLUMN activity_id BIGINT;
INSERT INTO delivery_progress (name, position) SELECT 'revision', coalesce(max(id), 0) FROM activity_revision;

-- Who was made a member without a word about permissions may do all there is.
UPDATE account_member SET permissions = 'invoice notify read webhook'
WHERE permissions = 'invoice notify read' AND source IS NULL;
