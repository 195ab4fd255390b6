-- Which of the activities in $1, a JSON array of ids, were before their address was live, or before the live lane.
SELECT a.id
FROM activity a
WHERE a.id IN (SELECT value FROM json_each($1)) AND (
    a.checkpoint < (SELECT coalesce(max(first_checkpoint), 0) FROM chain)
    OR a.checkpoint < (
        SELECT min(w.live_from)
        FROM watch w
        WHERE w.kind = 'address' AND w.target = a.address AND w.account_id = a.account_id
    )
)
