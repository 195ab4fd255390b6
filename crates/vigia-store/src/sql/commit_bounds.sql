-- What a commit has to keep to: below the horizon evidence is not kept, below the first checkpoint nobody
-- is told.
SELECT retention_horizon, first_checkpoint FROM chain
