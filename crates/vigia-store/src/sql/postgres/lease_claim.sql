-- Compares and sets at once. The dialects name their clock differently.
INSERT INTO lease (name, fence, holder, expires_at_ms)
VALUES ($1, 1, $2, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $3)
ON CONFLICT (name) DO UPDATE
SET fence = lease.fence + 1,
    holder = excluded.holder,
    expires_at_ms = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $3
WHERE lease.fence < 9223372036854775807
    AND (
        lease.holder IS NULL
        OR lease.holder = excluded.holder
        OR lease.expires_at_ms <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
    )
RETURNING fence
