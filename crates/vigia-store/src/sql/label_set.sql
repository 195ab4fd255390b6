INSERT INTO label (address, name, kind, changed_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (address) DO UPDATE
SET name = excluded.name, kind = excluded.kind, changed_at_ms = excluded.changed_at_ms
