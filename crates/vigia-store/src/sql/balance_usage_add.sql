INSERT INTO balance_usage (day, requests)
VALUES ($1, $2)
ON CONFLICT (day) DO UPDATE SET requests = balance_usage.requests + excluded.requests
RETURNING requests
