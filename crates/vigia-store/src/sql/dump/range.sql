SELECT lane, lo, hi, hi_digest, hi_timestamp_ms FROM ingest_range
