INSERT INTO source (
    name, refreshed_at_ms, watch_version, fingerprint, rows_read, addresses, members, refused
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET
    refreshed_at_ms = excluded.refreshed_at_ms,
    watch_version = excluded.watch_version,
    fingerprint = excluded.fingerprint,
    rows_read = excluded.rows_read,
    addresses = excluded.addresses,
    members = excluded.members,
    refused = excluded.refused,
    failing_since_ms = NULL,
    error = NULL
