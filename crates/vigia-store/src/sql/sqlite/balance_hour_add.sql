-- With what was there already in the amount: SQLite cannot add up amounts.
INSERT INTO balance_hour (address, coin_type, hour, amount)
VALUES ($1, $2, $3, $4)
ON CONFLICT (address, coin_type, hour) DO UPDATE SET amount = excluded.amount
