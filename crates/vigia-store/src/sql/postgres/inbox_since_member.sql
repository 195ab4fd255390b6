-- As inbox_since, for one user; bounded as inbox_page_member is.
WHERE n.seq IN (
    SELECT next.seq
    FROM account_told m
    CROSS JOIN LATERAL (
        SELECT x.seq
        FROM notification x
        WHERE x.account_id = m.account_id AND x.seq > $3 AND x.created_at_ms >= $5
            AND $6 NOT LIKE '% ' || x.category || ' %'
        ORDER BY x.seq
        LIMIT $4
    ) next
    WHERE m.user_id = $1
    UNION ALL
    SELECT own.seq
    FROM (
        SELECT x.seq
        FROM notification x
        WHERE x.user_id = $1 AND x.seq > $3 AND x.created_at_ms >= $5
            AND $6 NOT LIKE '% ' || x.category || ' %'
        ORDER BY x.seq
        LIMIT $4
    ) own
)
ORDER BY n.seq
LIMIT $4
