-- Nobody asks for the history of a watch that version $1 ended.
DELETE FROM backfill WHERE watch_id IN (SELECT id FROM watch WHERE removed_version = $1)
