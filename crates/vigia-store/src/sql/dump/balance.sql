SELECT checkpoint, tx_index, address, coin_type, amount FROM balance_effect
