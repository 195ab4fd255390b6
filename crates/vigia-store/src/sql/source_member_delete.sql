DELETE FROM account_member
WHERE account_id = (SELECT id FROM account WHERE external_id = $1)
    AND user_id = (SELECT id FROM app_user WHERE external_id = $2)
    AND source IS NOT NULL
