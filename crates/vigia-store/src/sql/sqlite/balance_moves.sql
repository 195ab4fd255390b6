-- What moved the balances of the addresses in $1, a JSON array of hexadecimal text, above their baseline
-- and up to $2. One by one: SQLite cannot add up amounts (I-12).
SELECT e.address, e.coin_type, e.amount
FROM balance_address b
JOIN balance_effect e ON e.address = b.address AND e.checkpoint > b.checkpoint
WHERE b.address IN (SELECT unhex(value) FROM json_each($1)) AND e.checkpoint <= $2
