-- Names of the parts of the table; only Postgres has them.
SELECT child.relname::text AS name
FROM pg_inherits i
JOIN pg_class child ON child.oid = i.inhrelid
WHERE i.inhparent = to_regclass('vigia.raw_transaction')
