DELETE FROM notification WHERE seq IN (
    SELECT seq FROM notification WHERE created_at_ms < $1 ORDER BY seq LIMIT $2
)
