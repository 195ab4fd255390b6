SELECT coin_type, known, decimals, symbol, name, icon_url FROM coin
