SELECT min(due_at_ms) AS due_at_ms FROM push WHERE state = 'pending'
