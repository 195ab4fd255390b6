-- What is stored of hours, each in $1 a JSON array of address in hexadecimal, coin and hour. For sums, which SQLite cannot make.
SELECT h.address, h.coin_type, h.hour, h.amount
FROM json_each($1) k
CROSS JOIN balance_hour h
    ON h.address = unhex(k.value ->> 0) AND h.coin_type = k.value ->> 1 AND h.hour = k.value ->> 2
