INSERT INTO provider_usage (day, provider, requests, bytes)
VALUES ($1, $2, $3, $4)
ON CONFLICT (day, provider) DO UPDATE
SET requests = provider_usage.requests + excluded.requests,
    bytes = provider_usage.bytes + excluded.bytes
