UPDATE invoice SET cancelled_at_ms = $2 WHERE id = $1 AND cancelled_at_ms IS NULL
