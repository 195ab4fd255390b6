SELECT id, endpoint_id, sequence, activity_id, state, attempts, due_at_ms, created_at_ms, finished_at_ms, lane, event, revision_id FROM delivery WHERE id = $1
