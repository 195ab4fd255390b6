INSERT INTO message_set_aside (transport, reason, bytes, at_ms)
VALUES ($1, $2, $3, $4)
