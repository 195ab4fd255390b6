-- SQLite only: a write is alone.
SELECT position FROM delivery_progress WHERE name = $1
