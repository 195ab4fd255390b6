COPY notification (id, activity_id, account_id, kind, category, created_at_ms)
FROM STDIN (FORMAT binary)
