SELECT coin_type, known, decimals, symbol, name FROM coin
