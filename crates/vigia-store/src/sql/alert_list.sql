SELECT name, words, since_ms, told_at_ms FROM alert ORDER BY name
