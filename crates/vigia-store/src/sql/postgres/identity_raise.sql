-- Ids that rows bring along do not move the sequence.
SELECT setval(pg_get_serial_sequence($1, $2), $3) AS high
