SELECT lo, hi FROM ingest_range WHERE lane = 'live' AND lo > $1 ORDER BY lo LIMIT $2
