DELETE FROM account_member WHERE account_id = $1 AND user_id = $2
