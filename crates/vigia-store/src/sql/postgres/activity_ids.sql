-- The next $1 ids of activities, ascending.
SELECT nextval(pg_get_serial_sequence('activity', 'id')) AS id
FROM generate_series(1, $1)
