-- Balance effects are folded into amounts in the order of the chain, and read in it: an index by address would be
-- written all over by every commit. Binaries before this step would add to a balance what is folded already.
DROP INDEX balance_effect_address;

-- The activities of an address are found among those of the accounts that held it.
DROP INDEX activity_address;
