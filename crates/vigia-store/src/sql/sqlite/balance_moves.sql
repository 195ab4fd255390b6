-- What moved the balances of the addresses in $1, a JSON array of hexadecimal text, above their baseline and
-- above $2, up to $3. One by one: SQLite cannot add up amounts (I-12). Effects come first in any case: they
-- have no index by address.
SELECT e.address, e.coin_type, e.amount
FROM balance_effect e
CROSS JOIN balance_address b ON b.address = e.address AND e.checkpoint > b.checkpoint
WHERE e.checkpoint > $2 AND e.checkpoint <= $3
    AND e.address IN (SELECT unhex(value) FROM json_each($1))
