UPDATE balance_address SET retry_at_ms = $2 WHERE address = $1
