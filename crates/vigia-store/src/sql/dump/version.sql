SELECT version, effective_from FROM watch_log
