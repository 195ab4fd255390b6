SELECT id FROM endpoint WHERE per_second IS NOT NULL AND state = 'enabled'
