SELECT bytes FROM message_blob WHERE id = $1
