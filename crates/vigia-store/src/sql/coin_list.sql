SELECT coin_type, decimals, symbol, name, icon_url FROM coin WHERE known = 1 ORDER BY coin_type
