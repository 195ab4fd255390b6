SELECT
    holder, provider, position, url, is_current, is_usable, standing, tip, lowest, latency_ms,
    serves, at_ms
FROM provider_state
ORDER BY position, provider, holder
