-- What a commit has to keep to: the newest version of the watch list, if a change newer than version $1 is
-- live at or below checkpoint $2; below the horizon evidence is not kept, below the first checkpoint nobody is
-- told, and through which checkpoint what moved balances is folded.
SELECT
    (
        SELECT max(version)
        FROM watch_log
        WHERE EXISTS (SELECT 1 FROM watch_log WHERE version > $1 AND effective_from <= $2)
    ) AS version_min,
    c.retention_horizon,
    c.first_checkpoint,
    (SELECT position FROM balance_progress WHERE name = 'folded') AS folded
FROM (SELECT 1 AS one) always
LEFT JOIN chain c ON always.one = 1
