-- What moved a balance in an hour, from which follows what there was at a time: effects have no index by address, and one
-- would be written all over by every commit. It is written where effects are folded into amounts, with history below a
-- baseline and with corrections by hand.
CREATE TABLE balance_hour (
    address   BYTEA NOT NULL,
    coin_type TEXT COLLATE "C" NOT NULL,
    -- Hours are counted from 1970; 0 where nothing says any more when it was.
    hour      BIGINT NOT NULL,
    amount    NUMERIC(39, 0) NOT NULL,
    PRIMARY KEY (address, coin_type, hour)
);

-- What was folded before this step is in no hour.
INSERT INTO balance_progress (name, position)
SELECT 'hours', position FROM balance_progress WHERE name = 'folded';
