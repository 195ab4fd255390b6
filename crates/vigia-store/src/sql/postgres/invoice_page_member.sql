WHERE i.id IN (
    SELECT newest.id
    FROM account_reader m
    CROSS JOIN LATERAL (
        SELECT x.id FROM invoice x WHERE x.account_id = m.account_id AND x.id < $1 ORDER BY x.id DESC LIMIT $2
    ) newest
    WHERE m.user_id = $3
)
ORDER BY i.id DESC
LIMIT $2
