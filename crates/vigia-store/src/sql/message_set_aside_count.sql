SELECT count(*) AS count FROM message_set_aside
