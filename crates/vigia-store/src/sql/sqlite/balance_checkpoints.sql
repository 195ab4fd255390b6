-- For which checkpoint the baselines of the addresses in $1, a JSON array of hexadecimal text, are.
SELECT address, checkpoint FROM balance_address
WHERE checkpoint IS NOT NULL AND address IN (SELECT unhex(value) FROM json_each($1))
