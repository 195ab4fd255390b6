-- Every delivery and every push is written three times: made, taken, ended. By the server's defaults a fifth of the table may be dead rows
-- before they are cleared away, which is more the longer it is kept; a fiftieth of it keeps what readers pass over small.
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE push SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
-- One row or few, written by every commit.
ALTER TABLE counter SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE ingest_range SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE endpoint SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
