DELETE FROM watch_reconciliation WHERE at_ms < $1
