INSERT INTO provider_report (singleton, url, tip, error, at_ms)
VALUES (1, $1, $2, $3, $4)
ON CONFLICT (singleton) DO UPDATE
SET url = excluded.url, tip = excluded.tip, error = excluded.error, at_ms = excluded.at_ms
