DELETE FROM alert WHERE name = $1
