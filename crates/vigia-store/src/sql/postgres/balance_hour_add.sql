INSERT INTO balance_hour (address, coin_type, hour, amount)
VALUES ($1, $2, $3, $4)
ON CONFLICT (address, coin_type, hour) DO UPDATE SET amount = balance_hour.amount + excluded.amount
