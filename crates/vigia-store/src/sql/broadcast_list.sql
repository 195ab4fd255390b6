SELECT id, texts, segment, rate_per_s, state, position, told, total, created_at_ms, stepped_at_ms, finished_at_ms
FROM broadcast
ORDER BY id DESC
LIMIT $1
