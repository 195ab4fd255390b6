UPDATE delivery_progress SET position = (SELECT coalesce(max(id), 0) FROM activity_revision) WHERE name = 'revision'
