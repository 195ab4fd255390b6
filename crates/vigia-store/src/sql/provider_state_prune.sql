DELETE FROM provider_state WHERE at_ms < $1
