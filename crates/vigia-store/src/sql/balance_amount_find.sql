SELECT amount FROM balance_amount WHERE address = $1 AND coin_type = $2
