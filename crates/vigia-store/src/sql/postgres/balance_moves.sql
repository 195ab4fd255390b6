-- What moved the balances of the addresses in $1, an array, above their baseline and up to $2.
SELECT e.address, e.coin_type, sum(e.amount) AS amount
FROM balance_address b
JOIN balance_effect e ON e.address = b.address AND e.checkpoint > b.checkpoint
WHERE b.address = ANY ($1) AND e.checkpoint <= $2
GROUP BY e.address, e.coin_type
