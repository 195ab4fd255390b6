DELETE FROM balance_amount WHERE address = $1
