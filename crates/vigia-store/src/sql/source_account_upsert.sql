-- The source's word counts, unlike that of a single watch (account_upsert).
INSERT INTO account (external_id, kind, display_name, created_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (external_id) DO UPDATE SET kind = excluded.kind, display_name = excluded.display_name
