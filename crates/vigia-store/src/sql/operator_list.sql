SELECT user_id FROM user_login WHERE role IN ('operator', 'admin') ORDER BY user_id
