-- Held until the end of the transaction; nothing while another has it.
SELECT position FROM delivery_progress WHERE name = $1 FOR UPDATE SKIP LOCKED
