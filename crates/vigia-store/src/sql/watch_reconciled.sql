INSERT INTO watch_reconciliation (holder, at_ms, entries, missing, extra)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (holder) DO UPDATE
SET at_ms = excluded.at_ms, entries = excluded.entries, missing = excluded.missing,
    extra = excluded.extra
