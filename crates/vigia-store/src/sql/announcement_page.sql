WHERE ($2 IS NULL OR n.account_id IN (SELECT m.account_id FROM account_reader m WHERE m.user_id = $2)) AND n.id < $3
    AND NOT EXISTS (
        SELECT 1
        FROM activity a
        WHERE substr(a.digest, 1, 8) = substr(n.digest, 1, 8) AND a.digest = n.digest
            AND a.account_id = n.account_id
    )
    AND NOT EXISTS (SELECT 1 FROM raw_transaction t WHERE t.digest = n.digest)
ORDER BY n.id DESC
LIMIT $4
