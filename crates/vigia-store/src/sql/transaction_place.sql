SELECT checkpoint, tx_index FROM raw_transaction WHERE digest = $1
