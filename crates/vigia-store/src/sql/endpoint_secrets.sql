-- Where the keys are still $2.
UPDATE endpoint SET secrets = $3 WHERE name = $1 AND secrets = $2 AND state <> 'removed'
