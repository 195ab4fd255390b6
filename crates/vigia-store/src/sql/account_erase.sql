-- The row stays, with no name: what happened to it on the chain is of nobody any more.
UPDATE account SET external_id = $2, display_name = '' WHERE id = $1
