-- What contracts hold of the addresses in $1, and for them. A JSON array of hexadecimal text.
SELECT escrow_from, escrow_to, escrow_coin, escrow_amount FROM business_object
WHERE escrow_from IN (SELECT unhex(value) FROM json_each($1))
UNION ALL
SELECT escrow_from, escrow_to, escrow_coin, escrow_amount FROM business_object
WHERE escrow_to IN (SELECT unhex(value) FROM json_each($1)) AND NOT (escrow_from IN (SELECT unhex(value) FROM json_each($1)))
