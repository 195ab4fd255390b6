DELETE FROM account_member WHERE user_id = $1
