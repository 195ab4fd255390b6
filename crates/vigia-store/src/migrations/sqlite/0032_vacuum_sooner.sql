-- Postgres only: SQLite leaves no dead rows behind. Versions go together.
SELECT 1;
