WHERE i.id = $1 AND (
    $2 IS NULL OR EXISTS (SELECT 1 FROM account_reader m WHERE m.account_id = i.account_id AND m.user_id = $2)
)
