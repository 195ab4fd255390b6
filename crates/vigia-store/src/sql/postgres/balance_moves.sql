-- What moved the balances of the addresses in $1, an array, above their baseline and above $2, up to $3.
SELECT e.address, e.coin_type, sum(e.amount) AS amount
FROM balance_effect e
JOIN balance_address b ON b.address = e.address AND e.checkpoint > b.checkpoint
WHERE e.checkpoint > $2 AND e.checkpoint <= $3 AND e.address = ANY ($1)
GROUP BY e.address, e.coin_type
