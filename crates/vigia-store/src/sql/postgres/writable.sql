-- SQLite needs none: a write has the file's lock once it has begun.
SELECT CAST(current_setting('transaction_read_only') = 'off' AS integer)::bigint AS writable
