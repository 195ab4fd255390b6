INSERT INTO ingest_range (lane, lo, hi, hi_digest, hi_timestamp_ms)
VALUES ($1, $2, $3, $4, $5)
