DELETE FROM ingest_range WHERE lane = $1 AND lo = $2
