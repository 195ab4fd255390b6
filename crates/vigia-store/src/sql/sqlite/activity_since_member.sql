-- As activity_since, for one user; bounded as activity_page_member is.
WHERE a.id IN (
    SELECT next.id
    FROM account_reader m
    JOIN activity next ON next.id IN (
        SELECT x.id
        FROM activity x
        WHERE x.account_id = m.account_id AND x.id > $2
        ORDER BY x.id
        LIMIT $3
    )
    WHERE m.user_id = $1
)
ORDER BY a.id
LIMIT $3
