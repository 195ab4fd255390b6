-- The baselines of the addresses in $1, an array.
SELECT address, coin_type, amount, difference
FROM balance_amount
WHERE address = ANY ($1)
