-- Held until the end of the transaction.
SELECT position FROM delivery_progress WHERE name = $1 FOR UPDATE
