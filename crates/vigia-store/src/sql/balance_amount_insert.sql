INSERT INTO balance_amount (address, coin_type, amount, difference)
VALUES ($1, $2, $3, $4)
