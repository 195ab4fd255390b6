INSERT INTO backfill_usage (day, requests)
VALUES ($1, $2)
ON CONFLICT (day) DO UPDATE SET requests = backfill_usage.requests + excluded.requests
