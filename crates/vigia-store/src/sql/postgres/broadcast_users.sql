-- Users after $1, $2 at most, whose language is in $3, who are a member of an account of kind $4, whose external id is
-- in $5: JSON arrays, empty for any; null for any kind.
SELECT u.id
FROM app_user u
WHERE u.id > $1
    AND (jsonb_array_length($3::jsonb) = 0 OR u.locale IN (SELECT jsonb_array_elements_text($3::jsonb)))
    AND (jsonb_array_length($5::jsonb) = 0 OR u.external_id IN (SELECT jsonb_array_elements_text($5::jsonb)))
    AND (CAST($4 AS TEXT) IS NULL OR EXISTS (
        SELECT 1 FROM account_member m JOIN account a ON a.id = m.account_id WHERE m.user_id = u.id AND a.kind = $4
    ))
ORDER BY u.id
LIMIT $2
