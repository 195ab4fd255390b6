-- Those that a source names stay until it names them no more.
DELETE FROM account_member WHERE account_id = $1 AND source IS NULL
