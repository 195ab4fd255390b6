-- All but the ones that were used most lately.
DELETE FROM session
WHERE user_id = $1
  AND id NOT IN (
      SELECT id FROM session WHERE user_id = $1 ORDER BY used_at_ms DESC, id DESC LIMIT $2
  )
