-- For which checkpoint the baselines of the addresses in $1, an array, are.
SELECT address, checkpoint FROM balance_address
WHERE checkpoint IS NOT NULL AND address = ANY ($1)
