-- One statement, so that all of it is seen at one moment.
SELECT
    (SELECT chain_id FROM chain) AS chain_id,
    (SELECT first_checkpoint FROM chain) AS first_checkpoint,
    (SELECT value FROM counter WHERE name = 'raw_transactions') AS raw_transactions,
    (SELECT value FROM counter WHERE name = 'activities') AS activities,
    (SELECT value FROM counter WHERE name = 'notifications') AS notifications,
    (SELECT value FROM counter WHERE name = 'failed') AS failed,
    (SELECT value FROM counter WHERE name = 'unread') AS unread,
    (SELECT value FROM counter WHERE name = 'watched_addresses') AS watched_addresses,
    (
        SELECT count(DISTINCT kind || ' ' || CAST(target AS TEXT))
        FROM watch
        WHERE kind <> 'address' AND live_to IS NULL
    ) AS watched_contracts,
    (SELECT coalesce(max(version), 0) FROM watch_log) AS watch_version
