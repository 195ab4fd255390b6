-- The last of the watches that balance_enlist takes.
SELECT max(id) AS last FROM (
    SELECT id FROM watch
    WHERE id > $1 AND kind = 'address' AND live_to IS NULL
    ORDER BY id
    LIMIT $2
) AS next
