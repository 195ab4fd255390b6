-- In the order of the chain: a node answers within a few checkpoints.
SELECT count(*) AS touched FROM balance_effect
WHERE address = $1 AND checkpoint > $2 AND checkpoint <= $3
