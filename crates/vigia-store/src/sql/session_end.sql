DELETE FROM session WHERE secret_hash = $1
