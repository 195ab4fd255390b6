SELECT a.external_id AS account, u.external_id AS member, m.permissions, m.source
FROM account_member m
JOIN account a ON a.id = m.account_id
JOIN app_user u ON u.id = m.user_id
