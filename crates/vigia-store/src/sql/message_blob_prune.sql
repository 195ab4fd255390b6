DELETE FROM message_blob WHERE created_at_ms < $1
