-- The end of the live range that holds the first checkpoint. Ranges do not overlap, so the one to ask
-- is the last that starts at or below it.
SELECT r.hi, r.hi_digest, r.hi_timestamp_ms
FROM chain c
JOIN ingest_range r ON r.lane = 'live' AND r.lo = (
    SELECT max(lo) FROM ingest_range WHERE lane = 'live' AND lo <= c.first_checkpoint
)
WHERE r.hi >= c.first_checkpoint
