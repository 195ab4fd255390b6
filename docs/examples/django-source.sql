-- The accounts of a Django application for vigia ([source] query_file = "django-source.sql").
--
-- A personal account is its user's. A business account belongs to the user who opened it and to the
-- employees of the business, each with permissions of their own; leave out the second half where there
-- are none. Change firebase_uid to whatever column holds the subject of the tokens that users sign in
-- with.
SELECT
    a.sui_address AS address,
    a.id AS account_id,
    a.account_type AS account_kind,
    coalesce(b.name, u.first_name || ' ' || u.last_name) AS account_name,
    u.firebase_uid AS user_id,
    u.first_name || ' ' || u.last_name AS user_name,
    u.language AS locale,
    'read notify' AS permissions
FROM users_account a
JOIN users_user u ON u.id = a.user_id AND u.is_active
LEFT JOIN users_business b ON b.id = a.business_id AND b.deleted_at IS NULL
WHERE a.deleted_at IS NULL
    AND a.sui_address <> ''
    AND (a.account_type = 'personal' OR b.id IS NOT NULL)
UNION ALL
SELECT
    a.sui_address,
    a.id,
    a.account_type,
    b.name,
    u.firebase_uid,
    u.first_name || ' ' || u.last_name,
    u.language,
    e.permissions
FROM users_account a
JOIN users_business b ON b.id = a.business_id AND b.deleted_at IS NULL
JOIN users_businessemployee e ON e.business_id = b.id AND e.is_active AND e.deleted_at IS NULL
JOIN users_user u ON u.id = e.user_id AND u.is_active
WHERE a.deleted_at IS NULL
    AND a.sui_address <> ''
