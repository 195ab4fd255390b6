-- What a change of the list made now is: the version it gets, and the checkpoint from which it holds,
-- one above everything the live lane has committed.
SELECT
    (SELECT coalesce(max(version), 0) FROM watch_log) AS version,
    (SELECT coalesce(max(hi) + 1, 0) FROM ingest_range WHERE lane = 'live') AS effective_from
