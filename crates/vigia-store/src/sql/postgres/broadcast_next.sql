-- Held until the end of the transaction; nothing while another has it.
SELECT id, texts, segment, rate_per_s, state, position, told, total, created_at_ms, stepped_at_ms, finished_at_ms
FROM broadcast
WHERE state = 'running' AND id = (SELECT min(b.id) FROM broadcast b WHERE b.state = 'running')
FOR UPDATE SKIP LOCKED
