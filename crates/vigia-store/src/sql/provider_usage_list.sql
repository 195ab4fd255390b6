SELECT day, provider, requests, bytes FROM provider_usage WHERE day >= $1 ORDER BY day, provider
