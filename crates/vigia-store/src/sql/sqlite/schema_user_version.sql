-- SQLite only: the version that a file carries in its head, which changes with the tables.
SELECT user_version FROM pragma_user_version
