SELECT value FROM counter WHERE name = 'endpoint_changes'
