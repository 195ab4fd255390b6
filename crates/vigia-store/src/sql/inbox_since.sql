-- $3 position to stay above; $4 rows at most; $5 the time to be after; $6 words for categories to leave out.
WHERE n.seq > $3 AND n.created_at_ms >= $5 AND $6 NOT LIKE '% ' || n.category || ' %'
ORDER BY n.seq
LIMIT $4
