-- An account by its external id, for user $2 (null: an operator), with how many announcements it waits for.
SELECT h.id, (
        SELECT COUNT(*)
        FROM announcement n
        WHERE n.account_id = h.id
            AND NOT EXISTS (
                SELECT 1
                FROM activity a
                WHERE substr(a.digest, 1, 8) = substr(n.digest, 1, 8) AND a.digest = n.digest
                    AND a.account_id = n.account_id
            )
            AND NOT EXISTS (SELECT 1 FROM raw_transaction t WHERE t.digest = n.digest)
    ) AS waiting
FROM account h
WHERE h.external_id = $1
    AND ($2 IS NULL OR h.id IN (SELECT m.account_id FROM account_reader m WHERE m.user_id = $2))
