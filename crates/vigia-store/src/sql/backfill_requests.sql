SELECT requests FROM backfill_usage WHERE day = $1
