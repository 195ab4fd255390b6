DELETE FROM backfill_range WHERE from_checkpoint = $1 AND to_checkpoint = $2
