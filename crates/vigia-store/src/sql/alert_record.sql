INSERT INTO alert (name, words, since_ms, told_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET words = excluded.words, since_ms = excluded.since_ms, told_at_ms = excluded.told_at_ms
