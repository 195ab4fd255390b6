DELETE FROM provider_state WHERE holder = $1
