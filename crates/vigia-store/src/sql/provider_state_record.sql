INSERT INTO provider_state (
    holder, provider, position, url, is_current, is_usable, standing, tip, lowest, latency_ms,
    serves, at_ms
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
