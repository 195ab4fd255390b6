-- SQLite only: a write is alone.
SELECT id, texts, segment, rate_per_s, state, position, told, total, created_at_ms, stepped_at_ms, finished_at_ms
FROM broadcast
WHERE state = 'running'
ORDER BY id
LIMIT 1
