SELECT 1 AS one FROM balance_effect
WHERE checkpoint = $1 AND tx_index = $2 AND address = $3 AND coin_type = $4
