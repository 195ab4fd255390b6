-- As notification_page, for one user; bounded as activity_page_member is.
WHERE n.seq IN (
    SELECT newest.seq
    FROM account_reader m
    JOIN notification newest ON newest.seq IN (
        SELECT x.seq
        FROM notification x
        WHERE x.account_id = m.account_id AND x.seq < $2
        ORDER BY x.seq DESC
        LIMIT $3
    )
    WHERE m.user_id = $1
)
ORDER BY n.seq DESC
LIMIT $3
