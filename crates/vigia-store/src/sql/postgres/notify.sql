-- Once per commit: a notification takes a lock of the whole database for a moment.
SELECT pg_notify('vigia', $1)
