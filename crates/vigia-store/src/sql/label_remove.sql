DELETE FROM label WHERE address = $1
