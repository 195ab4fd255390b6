-- An account that exists keeps its kind, and its name unless it had none.
INSERT INTO account (external_id, kind, display_name, created_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (external_id) DO UPDATE SET display_name = excluded.display_name
WHERE account.display_name = ''
