-- Users in $1, a JSON array, who are disabled.
SELECT external_id FROM app_user WHERE disabled_at_ms IS NOT NULL AND external_id IN (SELECT value FROM json_each($1))
