SELECT lo, hi FROM ingest_range WHERE lane = $1 ORDER BY lo
