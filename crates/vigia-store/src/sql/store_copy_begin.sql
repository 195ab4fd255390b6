INSERT INTO store_copy (singleton, source, state, started_at_ms)
VALUES (1, $1, 'running', $2)
ON CONFLICT DO NOTHING
