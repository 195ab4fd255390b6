SELECT refreshed_at_ms, watch_version, fingerprint, rows_read, addresses, members, refused,
    failing_since_ms, error
FROM source
WHERE name = $1
