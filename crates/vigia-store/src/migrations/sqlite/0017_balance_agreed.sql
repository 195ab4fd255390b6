-- Through which checkpoint a balance agreed with a node's last: what is wrong with it came after.
ALTER TABLE balance_address ADD COLUMN agreed_checkpoint INTEGER;
-- Whether it began with a node's word where all was to be proven: no signature covers a balance.
ALTER TABLE balance_address ADD COLUMN unproven INTEGER NOT NULL DEFAULT 0;
