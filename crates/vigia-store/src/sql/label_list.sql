-- Nothing is below an empty byte string.
SELECT address, name, kind FROM label WHERE address > $1 ORDER BY address LIMIT $2
