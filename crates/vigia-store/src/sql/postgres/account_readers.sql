-- Who may read accounts in $1, a JSON array.
SELECT account_id, user_id
FROM account_reader
WHERE account_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))
