SELECT state, count(*) AS addresses FROM backfill GROUP BY state ORDER BY state
