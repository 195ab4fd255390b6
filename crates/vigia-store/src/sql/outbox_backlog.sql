-- What has not arrived, by channel; partial indexes hold just these rows.
SELECT 'webhook' AS channel, 'pending' AS state, count(*) AS count, MIN(due_at_ms) AS oldest_due_ms FROM delivery WHERE state = 'pending'
UNION ALL
SELECT 'webhook', 'dead', count(*), NULL FROM delivery WHERE state = 'dead'
UNION ALL
SELECT platform, 'pending', count(*), MIN(due_at_ms) FROM push WHERE state = 'pending' GROUP BY platform
UNION ALL
SELECT platform, 'dead', count(*), NULL FROM push WHERE state = 'dead' GROUP BY platform
