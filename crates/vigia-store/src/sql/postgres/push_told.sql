-- What the users in $1 may be told of the accounts in $2: JSON arrays.
SELECT user_id, account_id, may_read
FROM account_told
WHERE may_be_notified = 1 AND user_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb)) AND account_id IN (SELECT value::bigint FROM jsonb_array_elements_text($2::jsonb))
