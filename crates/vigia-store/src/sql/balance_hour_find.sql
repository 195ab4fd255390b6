SELECT amount FROM balance_hour WHERE address = $1 AND coin_type = $2 AND hour = $3
