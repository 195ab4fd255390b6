-- What moved balances above their baseline, above $1 and up to $2. One by one: SQLite cannot add up amounts.
SELECT e.address, e.coin_type, e.amount
FROM balance_effect e
CROSS JOIN balance_address b ON b.address = e.address AND e.checkpoint > b.checkpoint
WHERE e.checkpoint > $1 AND e.checkpoint <= $2
