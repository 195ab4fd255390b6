JOIN account holder ON holder.id = a.account_id
LEFT JOIN coin ON coin.coin_type = a.coin_type AND coin.known = 1
LEFT JOIN label ON label.address = a.counterparty
