-- Users after $1, $2 at most, whose language is in $3, who are a member of an account of kind $4, whose external id is
-- in $5: JSON arrays, empty for any; null for any kind.
SELECT u.id
FROM app_user u
WHERE u.id > $1
    AND (json_array_length($3) = 0 OR u.locale IN (SELECT value FROM json_each($3)))
    AND (json_array_length($5) = 0 OR u.external_id IN (SELECT value FROM json_each($5)))
    AND ($4 IS NULL OR EXISTS (
        SELECT 1 FROM account_member m JOIN account a ON a.id = m.account_id WHERE m.user_id = u.id AND a.kind = $4
    ))
ORDER BY u.id
LIMIT $2
