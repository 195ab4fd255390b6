UPDATE push SET claimed_until_ms = $2 WHERE holder = $1 AND state = 'pending'
