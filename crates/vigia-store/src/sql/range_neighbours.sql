-- The ranges of a lane that $2..=$3 overlaps or touches.
SELECT lo, hi, hi_digest, hi_timestamp_ms
FROM ingest_range
WHERE lane = $1 AND lo <= $3 + 1 AND hi >= $2 - 1
