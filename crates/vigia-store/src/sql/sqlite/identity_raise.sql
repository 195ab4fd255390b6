-- Where the highest id was taken away again the list knows more than the rows do.
UPDATE sqlite_sequence SET seq = $3 WHERE name = $1 AND $2 <> '' AND seq < $3
