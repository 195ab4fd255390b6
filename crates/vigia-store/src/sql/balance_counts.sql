SELECT state, count(*) AS balances FROM balance_address GROUP BY state
