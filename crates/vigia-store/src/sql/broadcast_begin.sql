INSERT INTO broadcast (texts, segment, rate_per_s, state, total, created_at_ms, stepped_at_ms)
VALUES ($1, $2, $3, 'running', (SELECT count(*) FROM app_user), $4, $4)
RETURNING id
