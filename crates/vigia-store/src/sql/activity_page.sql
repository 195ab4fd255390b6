-- $1 user or null for everybody; $2, $3 and $4 place and id to stay below; $5 rows at most.
WHERE $1 IS NULL AND (a.checkpoint, a.tx_index, a.id) < ($2, $3, $4)
ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC
LIMIT $5
