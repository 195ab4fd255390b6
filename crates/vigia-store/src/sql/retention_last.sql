SELECT checkpoint FROM raw_transaction ORDER BY checkpoint DESC, tx_index DESC LIMIT 1
