SELECT lo, hi, hi_digest FROM ingest_range WHERE hi >= $1 AND lo <= $2 ORDER BY lo, hi
