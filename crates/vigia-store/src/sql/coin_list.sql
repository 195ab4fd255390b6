SELECT coin_type, decimals, symbol, name FROM coin WHERE known = 1 ORDER BY coin_type
