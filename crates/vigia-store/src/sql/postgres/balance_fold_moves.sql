-- What moved balances above their baseline, above $1 and up to $2.
SELECT e.address, e.coin_type, sum(e.amount) AS amount
FROM balance_effect e
JOIN balance_address b ON b.address = e.address AND e.checkpoint > b.checkpoint
WHERE e.checkpoint > $1 AND e.checkpoint <= $2
GROUP BY e.address, e.coin_type
