DELETE FROM announcement
WHERE announced_at_ms < $1
    AND NOT EXISTS (
        SELECT 1
        FROM activity a
        WHERE substr(a.digest, 1, 8) = substr(announcement.digest, 1, 8) AND a.digest = announcement.digest
            AND a.account_id = announcement.account_id
    )
    AND NOT EXISTS (SELECT 1 FROM raw_transaction t WHERE t.digest = announcement.digest)
