-- Accounts observing the contracts and coins in $1, an array of canonical text.
SELECT convert_from(target, 'UTF8') AS target, account_id
FROM watch
WHERE kind <> 'address' AND live_to IS NULL AND account_id IS NOT NULL
    AND target = ANY (SELECT convert_to(unnest($1::text[]), 'UTF8'))
ORDER BY id
