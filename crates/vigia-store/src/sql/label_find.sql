SELECT address, name, kind FROM label WHERE address = $1
