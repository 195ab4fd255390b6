-- What packages declare: the layouts by which events are decoded, and the versions of contracts.

-- Without a definition it is wanted: an event of the type is stored, and a node is to be asked. A definition
-- never changes, so it is asked for once.
CREATE TABLE datatype (
    package     BLOB NOT NULL,
    module      TEXT NOT NULL,
    name        TEXT NOT NULL,
    definition  TEXT,
    asked_at_ms INTEGER,
    PRIMARY KEY (package, module, name)
) STRICT;

CREATE INDEX datatype_wanted ON datatype (asked_at_ms) WHERE definition IS NULL;

-- Every known version of the packages of declared contracts, by the first of each.
CREATE TABLE package_version (
    original       BLOB NOT NULL,
    version        INTEGER NOT NULL,
    package        BLOB NOT NULL,
    recorded_at_ms INTEGER NOT NULL,
    PRIMARY KEY (original, version)
) STRICT;
