UPDATE store_copy SET state = 'finished', finished_at_ms = $1 WHERE state = 'running'
