SELECT count(*) AS count FROM raw_transaction WHERE checkpoint >= $1 AND checkpoint < $2
