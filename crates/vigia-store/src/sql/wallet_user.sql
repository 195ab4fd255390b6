-- Two are as good as many: which of them it is nobody could say.
SELECT u.id, u.external_id, u.display_name, u.locale, l.role, l.password_hash
FROM watch w
JOIN account a ON a.id = w.account_id
JOIN account_reader m ON m.account_id = a.id
JOIN app_user u ON u.id = m.user_id
LEFT JOIN user_login l ON l.user_id = u.id
WHERE w.kind = 'address' AND w.target = $1 AND w.live_to IS NULL AND a.kind = 'personal'
    AND u.disabled_at_ms IS NULL
LIMIT 2
