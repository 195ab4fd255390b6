-- Goes on with the range that ends right before $2, up to $3, unless another one is in the way.
UPDATE ingest_range
SET hi = $3, hi_digest = $4, hi_timestamp_ms = $5
WHERE lane = $1 AND hi = $2 - 1
    AND lo = (SELECT max(lo) FROM ingest_range WHERE lane = $1 AND lo <= $3 + 1)
