-- Held until the end of the transaction; nothing while another has it.
SELECT position FROM delivery_progress WHERE name = 'activity' FOR UPDATE SKIP LOCKED
