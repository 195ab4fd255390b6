-- Tables whose rows are written again and that grow. By the server's defaults a fifth of a table may be dead before it is cleared,
-- and clearing it rests after so few pages that at a wallet's rate it falls behind; a hundredth, cleared ten times as fast, stays
-- what it is. A commit's own tables, which stay small, have theirs since 0031.
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE push SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE business_object SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE balance_amount SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE balance_hour SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
