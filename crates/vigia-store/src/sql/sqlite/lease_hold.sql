-- A write on SQLite is alone, so nobody claims until it ends; SQLite knows no row locks either.
SELECT fence FROM lease WHERE name = $1 AND fence = $2 AND holder IS NOT NULL
