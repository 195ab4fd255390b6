-- The baselines of the addresses in $1, a JSON array of hexadecimal text.
SELECT address, coin_type, amount, difference
FROM balance_amount
WHERE address IN (SELECT unhex(value) FROM json_each($1))
