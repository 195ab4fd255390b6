-- What contracts hold of the addresses in $1, and for them. An array.
SELECT escrow_from, escrow_to, escrow_coin, escrow_amount FROM business_object
WHERE escrow_from = ANY ($1)
UNION ALL
SELECT escrow_from, escrow_to, escrow_coin, escrow_amount FROM business_object
WHERE escrow_to = ANY ($1) AND NOT (escrow_from = ANY ($1))
