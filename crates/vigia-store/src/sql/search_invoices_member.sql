WHERE i.object_id = $1 AND EXISTS (
    SELECT 1 FROM account_reader m WHERE m.account_id = i.account_id AND m.user_id = $3
)
ORDER BY i.id DESC
LIMIT $2
