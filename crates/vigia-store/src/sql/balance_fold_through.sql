-- The checkpoint in which $3 effects above $1 and up to $2 are reached, and how many there are of them.
SELECT max(checkpoint) AS through, count(*) AS effects
FROM (
    SELECT checkpoint FROM balance_effect
    WHERE checkpoint > $1 AND checkpoint <= $2
    ORDER BY checkpoint
    LIMIT $3
) AS next
