UPDATE endpoint SET sequence = sequence + 1 WHERE name = $1 AND state = 'enabled' RETURNING id, sequence
