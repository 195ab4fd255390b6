COPY balance_effect (checkpoint, tx_index, address, coin_type, amount)
FROM STDIN (FORMAT binary)
