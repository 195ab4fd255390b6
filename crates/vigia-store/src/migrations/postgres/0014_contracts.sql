-- What packages declare: the layouts by which events are decoded, and the versions of contracts.

-- Without a definition it is wanted: an event of the type is stored, and a node is to be asked. A definition
-- never changes, so it is asked for once.
CREATE TABLE datatype (
    package     BYTEA NOT NULL,
    module      TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    definition  TEXT COLLATE "C",
    asked_at_ms BIGINT,
    PRIMARY KEY (package, module, name)
);

CREATE INDEX datatype_wanted ON datatype (asked_at_ms) WHERE definition IS NULL;

-- Every known version of the packages of declared contracts, by the first of each.
CREATE TABLE package_version (
    original       BYTEA NOT NULL,
    version        BIGINT NOT NULL,
    package        BYTEA NOT NULL,
    recorded_at_ms BIGINT NOT NULL,
    PRIMARY KEY (original, version)
);
