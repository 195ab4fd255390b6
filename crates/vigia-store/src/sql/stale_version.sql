-- The newest version, if a change newer than version $1 is live at or below checkpoint $2.
SELECT max(version) AS version_min
FROM watch_log
WHERE EXISTS (SELECT 1 FROM watch_log WHERE version > $1 AND effective_from <= $2)
