SELECT (SELECT coalesce(max(version), 0) FROM watch_log) AS version,
    (SELECT value FROM counter WHERE name = 'watched_addresses') AS addresses
