DELETE FROM notification_read WHERE seq < (SELECT coalesce(min(seq), 0) FROM notification)
