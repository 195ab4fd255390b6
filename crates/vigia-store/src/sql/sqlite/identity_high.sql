-- SQLite numbers some tables by the highest id there is, and these by a list of its own.
SELECT coalesce(max(seq), 0) AS high FROM sqlite_sequence WHERE name = $1 AND $2 <> ''
