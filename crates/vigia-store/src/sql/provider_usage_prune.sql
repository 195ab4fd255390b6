DELETE FROM provider_usage WHERE day < $1
