DELETE FROM process WHERE seen_at_ms < $1
